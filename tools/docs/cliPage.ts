import type { Argument, Command, Option } from 'commander';
import { buildProgram } from '../../src/cli/main.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

/** `docs/reference/cli.md`: every command with its arguments and options, from the program that parses them. */
export function cliPage(): string {
  const program = buildProgram(new AbortController().signal);
  const commands = leaves(program);
  return page(
    generatedFrom('`src/cli/`'),
    '# Command line',
    'Within the repository the program is `npx phalanx`, after `npm run setup` has fetched the engine and built the addons. Every command also takes:',
    table(
      ['option', 'meaning'],
      [...commonOptions(commands), ['`--help`', 'what the command does and takes']],
    ),
    'Results go to the standard output; progress, notes and errors go to the standard error: bars on a terminal, plain lines elsewhere. The exit code is 0 on success, 1 when the input or a setting is at fault (one sentence says what, where, what was expected and what to do, with a code that [the list of errors](errors.md) explains), 2 on a defect of Phalanx, and 130 after Ctrl-C. The first Ctrl-C stops cleanly, a second one at once.',
    table(
      ['command', 'what it does'],
      commands.map((command) => [
        `[${code(pathOf(command))}](#${pathOf(command).replaceAll(' ', '-')})`,
        command.description(),
      ]),
    ),
    ...commands.flatMap(commandSection),
  );
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** `phalanx data phantom` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Options that every command has, of one meaning. */
function commonOptions(commands: readonly Command[]): string[][] {
  return (commands[0]?.options ?? [])
    .filter((option) => commands.every((command) => command.options.some((other) => isSame(option, other))))
    .map(({ flags, description }) => [code(flags), description]);
}

function isSame(a: Option, b: Option): boolean {
  return a.flags === b.flags && a.description === b.description && !a.mandatory && !b.mandatory;
}

function commandSection(command: Command): string[] {
  const common = new Set(commonOptions(leaves(rootOf(command))).map(([flags]) => flags));
  const options = command.options.filter(({ flags, hidden }) => !hidden && !common.has(code(flags)));
  const usage = `${pathOf(command)} ${command.registeredArguments.map(shown).join(' ')}`.trim();
  const rows = [
    ...command.registeredArguments.map((argument) => [
      code(shown(argument)),
      argument.required ? '**required**' : literal(argument.defaultValue),
      argument.description,
    ]),
    ...options.map((option) => [
      code(option.flags),
      option.mandatory ? '**required**' : option.negate ? '–' : literal(option.defaultValue),
      option.description,
    ]),
  ];
  return [
    `## ${code(pathOf(command))}`,
    sentence(command.description()),
    `\`\`\`sh\n${usage}${options.length === 0 ? '' : ' [options]'}\n\`\`\``,
    rows.length === 0 ? '' : table(['argument or option', 'default', 'meaning'], rows),
  ];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function shown(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function literal(value: unknown): string {
  return value === undefined ? '–' : code(typeof value === 'string' ? value : JSON.stringify(value));
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`;
}
