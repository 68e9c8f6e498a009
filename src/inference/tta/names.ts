/** The compositions that have names: those of ttach that need no parameters. */
export const ttaNames = ['none', 'hflip', 'vflip', 'flip', 'd4'] as const;
export type TtaName = (typeof ttaNames)[number];
