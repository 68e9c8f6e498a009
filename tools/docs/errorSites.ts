import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './program.ts';

/** A place in the source that makes an error or a defect of a dataset. */
export interface ErrorSite {
  readonly code: string;
  /** Texts with … for what is known only at run time. */
  readonly what: readonly string[];
  readonly fix: readonly string[];
  /** From the root of the repository. */
  readonly file: string;
}

/** Files whose errors get their code from the caller; what the callers give is found with them. */
const forwarders: readonly string[] = ['src/data/limitedFile.ts', 'src/data/defect.ts'];

/**
 * Every code in `src/`, sorted: of `new PhalanxError(code, parts)`, of defects `{ code, what, … }` and of file kinds
 * `{ noun, missing, unreadable }`.
 *
 * @throws Error where a code is not a literal, so that none is missed silently.
 */
export async function findErrorSites(): Promise<ErrorSite[]> {
  const files = (await readdir(join(root, 'src'), { recursive: true }))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `src/${file.replaceAll('\\', '/')}`);
  const sites = files.sort().flatMap(sitesOf);
  return sites.sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
}

function sitesOf(file: string): ErrorSite[] {
  const text = readFileSync(join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const sites: ErrorSite[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'PhalanxError') {
      sites.push(...thrown(node, file));
    } else if (ts.isObjectLiteralExpression(node)) sites.push(...listed(node, file));
    node.forEachChild(visit);
  };
  visit(source);
  return sites;
}

function thrown({ arguments: given }: ts.NewExpression, file: string): ErrorSite[] {
  const [code, parts] = given ?? [];
  const codes = code === undefined ? [] : literals(code);
  if (codes.length === 0 && !forwarders.includes(file)) {
    throw new Error(`${file}: the code of an error is not a literal, so the reference cannot list it`);
  }
  const properties = parts && objectNamed(parts);
  return codes.map((name) => ({
    code: name,
    what: valueTexts(properties, 'what'),
    fix: valueTexts(properties, 'fix'),
    file,
  }));
}

/** An object literal, or the constant of the same function that holds it. */
function objectNamed(node: ts.Expression): ts.ObjectLiteralExpression | undefined {
  if (ts.isObjectLiteralExpression(node) || !ts.isIdentifier(node)) return objectsIn(node)[0];
  const statements = [...(ts.findAncestor(node, ts.isBlock)?.statements ?? [])];
  const declarations = statements
    .filter((statement) => ts.isVariableStatement(statement))
    .flatMap((statement) => statement.declarationList.declarations);
  const constant = declarations.find(({ name }) => name.getText() === node.text);
  return constant?.initializer && objectsIn(constant.initializer)[0];
}

/** Codes in data: defects of a dataset, and what a kind of file fails with. */
function listed(node: ts.ObjectLiteralExpression, file: string): ErrorSite[] {
  const written = propertyOf(node, 'code');
  const codes = written === undefined ? [] : literals(written).filter((code) => codePattern.test(code));
  if (codes.length > 0) {
    const [what, fix] = [valueTexts(node, 'what'), valueTexts(node, 'fix')];
    return codes.map((code) => ({ code, what, fix, file }));
  }
  const noun = literalOf(node, 'noun');
  if (noun === undefined) return [];
  const kinds = [
    { code: literalOf(node, 'missing'), what: [`The ${noun} does not exist`] },
    { code: literalOf(node, 'unreadable'), what: [`The ${noun} cannot be read`] },
  ];
  return kinds.flatMap(({ code, what }) => (code === undefined ? [] : [{ code, what, fix: [], file }]));
}

const codePattern = /^[a-z][a-z0-9-]*\/[a-z0-9-]+$/;

function literals(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  return ts.isConditionalExpression(node) ? [...literals(node.whenTrue), ...literals(node.whenFalse)] : [];
}

function literalOf(node: ts.ObjectLiteralExpression, key: string): string | undefined {
  const value = propertyOf(node, key);
  return value !== undefined && ts.isStringLiteral(value) ? value.text : undefined;
}

function propertyOf(node: ts.ObjectLiteralExpression, key: string): ts.Expression | undefined {
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property) && property.name.getText() === key) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property) && property.name.text === key) return property.name;
    // What depends on a condition is spread: `...(known ? { fix: '…' } : {})`.
    if (!ts.isSpreadAssignment(property)) continue;
    const inner = objectsIn(property.expression).map((object) => propertyOf(object, key));
    const found = inner.find((value) => value !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

function objectsIn(node: ts.Expression): ts.ObjectLiteralExpression[] {
  if (ts.isParenthesizedExpression(node)) return objectsIn(node.expression);
  if (ts.isConditionalExpression(node)) return [...objectsIn(node.whenTrue), ...objectsIn(node.whenFalse)];
  return ts.isObjectLiteralExpression(node) ? [node] : [];
}

/** Every text that a key may have; none where it is absent. */
function valueTexts(node: ts.ObjectLiteralExpression | undefined, key: string): string[] {
  const value = node && propertyOf(node, key);
  return value === undefined ? [] : textsOf(value);
}

function textsOf(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isTemplateExpression(node)) {
    return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
  }
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node)) {
    return textsOf(node.left).flatMap((left) => textsOf(node.right).map((right) => left + right));
  }
  return ts.isIdentifier(node) ? textsOfName(node) : ['…'];
}

/** Texts of a constant of the file, or of what the file passes for a parameter. */
function textsOfName(name: ts.Identifier): string[] {
  const texts: string[] = [];
  const position = parameterNamed(name);
  const visit = (node: ts.Node): void => {
    if (
      position !== undefined &&
      ts.isCallExpression(node) &&
      node.expression.getText() === position.callee
    ) {
      const given = node.arguments[position.index];
      if (given !== undefined) texts.push(...textsOf(given));
    } else if (
      position === undefined &&
      ts.isVariableDeclaration(node) &&
      node.name.getText() === name.text
    ) {
      if (node.initializer !== undefined) texts.push(...textsOf(node.initializer));
    }
    node.forEachChild(visit);
  };
  visit(name.getSourceFile());
  return texts.length === 0 ? ['…'] : texts;
}

function parameterNamed(name: ts.Identifier): { callee: string; index: number } | undefined {
  const owner = ts.findAncestor(
    name,
    (node): node is ts.FunctionDeclaration | ts.ArrowFunction =>
      (ts.isFunctionDeclaration(node) || ts.isArrowFunction(node)) &&
      node.parameters.some((parameter) => parameter.name.getText() === name.text),
  );
  if (owner === undefined) return undefined;
  const index = owner.parameters.findIndex((parameter) => parameter.name.getText() === name.text);
  const named = ts.isFunctionDeclaration(owner) ? owner : owner.parent;
  const callee = 'name' in named ? (named.name as ts.Node | undefined)?.getText() : undefined;
  return callee === undefined ? undefined : { callee, index };
}
