/** What a training run tells the world, in order. The terminal, trackers and reports subscribe to these. */
export type TrainingEvent =
  | {
      readonly type: 'started';
      readonly steps: number;
      readonly epochs: number;
      readonly parameters: number;
      /** Step that training continues after; 0 for a fresh run. */
      readonly resumedFrom: number;
    }
  | { readonly type: 'warning'; readonly message: string }
  | {
      /** A function has been traced: once when it is first called, and again with a reason. */
      readonly type: 'trace';
      readonly function: string;
      /** How many times by now. */
      readonly traces: number;
      readonly seconds: number;
      /** Which arguments differ from those it was traced for before. */
      readonly reason?: string;
    }
  | {
      readonly type: 'step';
      /** 1-based, counted over the whole run. */
      readonly step: number;
      /** 0-based. */
      readonly epoch: number;
      readonly loss: number;
      readonly learningRate: number;
      /** Global norm before clipping, when clipping is on. */
      readonly gradientNorm?: number;
      /** Seconds this step took, data included. */
      readonly seconds: number;
      readonly samplesPerSecond: number;
    }
  | {
      readonly type: 'validation-progress';
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly type: 'validation';
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      /** As the competition scores: full resolution, mean over images for each class, then over classes. */
      readonly meanDice: number;
      readonly perClass: Readonly<Record<string, number>>;
      readonly seconds: number;
      readonly best: boolean;
    }
  | {
      readonly type: 'checkpoint';
      readonly step: number;
      readonly path: string;
      readonly kind: 'last' | 'best';
    }
  | {
      readonly type: 'finished';
      readonly reason: 'completed' | 'early-stop' | 'aborted';
      readonly step: number;
      readonly bestDice?: number;
      readonly seconds: number;
    };
