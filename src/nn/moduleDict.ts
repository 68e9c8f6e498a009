import { Module } from './module.ts';

/** `torch.nn.ModuleDict`: children that their parent calls by name. */
export class ModuleDict<Child extends Module> extends Module {
  readonly #children = new Map<string, Child>();

  constructor(children: Iterable<readonly [name: string, child: Child]>) {
    super();
    for (const [name, child] of children) this.#children.set(name, this.register(name, child));
  }

  get(name: string): Child {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`There is no module called ${name}`);
    return child;
  }
}

/** `torch.nn.ModuleList`: children named `0`, `1`, … */
export function moduleList<Child extends Module>(children: readonly Child[]): ModuleDict<Child> {
  return new ModuleDict(children.map((child, index) => [String(index), child] as const));
}
