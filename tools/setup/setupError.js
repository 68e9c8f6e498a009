/** Something the person at the keyboard can put right; its message says how, one sentence a line. */
export class SetupError extends Error {}
