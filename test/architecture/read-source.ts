// Reads out of one source file what the house's rules speak of: every import in any form, clocks and other globals, and who
// makes an AuthorisedWrite. Called by import-directions.ts; parses with oxc, evaluates nothing.
import { dirname, join, normalize } from 'node:path/posix';
import {
  type Class,
  type Expression,
  type ImportDeclarationSpecifier,
  type ModuleExportName,
  parseSync,
  Visitor,
} from 'oxc-parser';

/** One import, re-export, dynamic import or type query. `names` is empty for a side-effect import and `['*']` for all. */
export type Import = {
  /** A path from the project's root for a relative specifier, else the specifier itself. */
  readonly target: string;
  readonly relative: boolean;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
  readonly line: number;
};
export type Use = { readonly name: string; readonly line: number };
export type Source = {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Globals as written: `Date.now`, `new Date()`, `setTimeout`, `process.env`. */
  readonly globals: readonly Use[];
  /** Classes constructed with `new`, `Reflect.construct`, or taken as a base. */
  readonly constructed: readonly Use[];
  /** True when the file only re-exports from others (a barrel). */
  readonly onlyReExports: boolean;
  readonly text: string;
};

/** Throws when the file does not parse, or imports by something else than a literal. */
export function readSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
  const imports: Import[] = [];
  const globals: Use[] = [];
  const constructed: Use[] = [];
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const add = (specifier: string, names: readonly string[], typeOnly: boolean, start: number): void => {
    const relative = specifier.startsWith('.');
    const target = relative ? normalize(join(dirname(path), specifier)) : specifier;
    imports.push({ target, relative, names, typeOnly, line: lineAt(start) });
  };
  const use = (list: Use[], name: string, start: number): void => void list.push({ name, line: lineAt(start) });

  const takeBase = (node: Class): void => {
    if (node.superClass?.type === 'Identifier') use(constructed, node.superClass.name, node.start);
  };

  new Visitor({
    ImportDeclaration(node) {
      const valued = node.specifiers.filter((one) => !(one.type === 'ImportSpecifier' && one.importKind === 'type'));
      const typeOnly = node.importKind === 'type' || (node.specifiers.length > 0 && valued.length === 0);
      // `import { type X, y }` is two imports with different weight; each is judged by itself.
      if (!typeOnly && valued.length < node.specifiers.length)
        add(
          node.source.value,
          node.specifiers.filter((one) => !valued.includes(one)).map(importedName),
          true,
          node.start,
        );
      add(node.source.value, (typeOnly ? node.specifiers : valued).map(importedName), typeOnly, node.start);
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      const typeOnly = node.exportKind === 'type' || node.specifiers.every((one) => one.exportKind === 'type');
      add(
        node.source.value,
        node.specifiers.map((one) => moduleName(one.local)),
        typeOnly,
        node.start,
      );
    },
    ExportAllDeclaration(node) {
      add(node.source.value, ['*'], node.exportKind === 'type', node.start);
    },
    ImportExpression(node) {
      if (node.source.type !== 'Literal' || typeof node.source.value !== 'string')
        throw new Error(`${path}:${lineAt(node.start)}: imports by a name made at run time, which no check can follow`);
      add(node.source.value, ['*'], false, node.start);
    },
    TSImportType(node) {
      add(node.source.value, ['*'], true, node.start);
    },
    NewExpression(node) {
      if (node.callee.type !== 'Identifier') return;
      use(constructed, node.callee.name, node.start);
      if (node.callee.name === 'Date' && node.arguments.length === 0) use(globals, 'new Date()', node.start);
      else use(globals, `new ${node.callee.name}`, node.start);
    },
    ClassDeclaration: takeBase,
    ClassExpression: takeBase,
    CallExpression(node) {
      if (node.callee.type === 'Identifier') use(globals, node.callee.name, node.start);
      const first = node.arguments[0];
      if (isMember(node.callee, 'Reflect', 'construct') && first?.type === 'Identifier')
        use(constructed, first.name, node.start);
    },
    MemberExpression(node) {
      if (node.object.type !== 'Identifier') return;
      const property = node.property.type === 'Identifier' && !node.computed ? node.property.name : '*';
      use(globals, `${node.object.name}.${property}`, node.start);
    },
  }).visit(parsed.program);

  const statements = parsed.program.body;
  const onlyReExports =
    statements.length > 0 &&
    statements.every(
      (one) => one.type === 'ExportAllDeclaration' || (one.type === 'ExportNamedDeclaration' && one.source !== null),
    );
  return { path, imports, globals, constructed, onlyReExports, text };
}

function importedName(one: ImportDeclarationSpecifier): string {
  return one.type === 'ImportSpecifier'
    ? moduleName(one.imported)
    : one.type === 'ImportDefaultSpecifier'
      ? 'default'
      : '*';
}

function moduleName(name: ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name;
}

function isMember(node: Expression, object: string, property: string): boolean {
  return (
    node.type === 'MemberExpression' &&
    node.object.type === 'Identifier' &&
    node.object.name === object &&
    node.property.type === 'Identifier' &&
    node.property.name === property
  );
}
