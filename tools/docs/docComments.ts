import { join } from 'node:path';
import ts from 'typescript';
import { prose } from './markdown.ts';
import { createProgram, root } from './program.ts';
import type { Declared } from './declared.ts';

/** The doc comments of a type and of what it holds; a union has those of all its members. */
export class DocumentedType {
  readonly #checker: ts.TypeChecker;
  readonly #types: readonly ts.Type[];

  constructor(checker: ts.TypeChecker, types: readonly ts.Type[]) {
    this.#checker = checker;
    this.#types = types.flatMap((type) => (type.isUnion() ? type.types : [type]));
  }

  has(key: string): boolean {
    return this.#properties(key).length > 0;
  }

  /** What is written about a property; empty if nothing. */
  comment(key: string): string {
    for (const property of this.#properties(key)) {
      const text = this.#commentOf(property);
      if (text !== '') return text;
    }
    return '';
  }

  property(key: string): DocumentedType {
    return new DocumentedType(
      this.#checker,
      this.#properties(key).map((property) => this.#checker.getTypeOfSymbol(property)),
    );
  }

  /** The members of a list's type, or of a union that has a list. */
  items(): DocumentedType {
    const items = this.#types
      .filter((type) => this.#checker.isArrayLikeType(type))
      .flatMap((type) => this.#checker.getIndexTypeOfType(type, ts.IndexKind.Number) ?? []);
    return new DocumentedType(this.#checker, items);
  }

  /** The member of a union that has this `name`. */
  named(name: string): DocumentedType {
    return new DocumentedType(
      this.#checker,
      this.#types.filter((type) => {
        const property = type.getProperty('name');
        if (property === undefined) return false;
        const literal = this.#checker.getTypeOfSymbol(property);
        return literal.isStringLiteral() && literal.value === name;
      }),
    );
  }

  /** What is written above the constant whose object literal declares `key`. */
  commentOfDeclaration(key: string): string {
    for (const { declarations = [] } of this.#properties(key)) {
      for (const declaration of declarations) {
        const constant = ts.findAncestor(declaration, ts.isVariableDeclaration);
        const symbol = constant && this.#checker.getSymbolAtLocation(constant.name);
        const text = symbol === undefined ? '' : this.#commentOf(symbol);
        if (text !== '') return text;
      }
    }
    return '';
  }

  #properties(key: string): ts.Symbol[] {
    return this.#types.flatMap((type) => type.getProperty(key) ?? []);
  }

  #commentOf(symbol: ts.Symbol): string {
    const own = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
    if (own !== '') return prose(own);
    // `{ Resize }` is documented where `Resize` is declared, behind the import.
    const shorthand = symbol.declarations?.find(ts.isShorthandPropertyAssignment);
    const value = shorthand && this.#checker.getShorthandAssignmentValueSymbol(shorthand);
    if (value === undefined) return '';
    const target = value.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(value) : value;
    return prose(ts.displayPartsToString(target.getDocumentationComment(this.#checker)));
  }
}

export type DocComments = Readonly<Record<keyof Declared, DocumentedType>>;

/** The doc comments of everything that a person can declare. */
export function readDocComments(): DocComments {
  const path = join(root, 'tools/docs/declared.ts');
  const program = createProgram([path]);
  const checker = program.getTypeChecker();
  const declaration = program
    .getSourceFile(path)
    ?.statements.find((statement) => ts.isInterfaceDeclaration(statement));
  if (declaration === undefined) throw new Error(`${path} declares nothing`);
  const declared = new DocumentedType(checker, [checker.getTypeAtLocation(declaration)]);
  return {
    experiment: declared.property('experiment'),
    ensemble: declared.property('ensemble'),
    transform: declared.property('transform'),
    transforms: declared.property('transforms'),
    builders: declared.property('builders'),
    decoders: declared.property('decoders'),
    volume: declared.property('volume'),
    volumes: declared.property('volumes'),
    analysis: declared.property('analysis'),
  };
}
