import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

export interface Message {
  /** Of the project, with slashes. */
  file: string;
  kind: 'error' | 'fix' | 'setting' | 'refusal' | 'answer' | 'console';
  /** As in the source; `…` stands for what is put in. */
  text: string;
}

const FOLDERS = ['lib', 'functions', 'local'];

/** Every text that a person may be shown when something is wrong, by where the source says it. */
export function findMessages(root: string): Message[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .flatMap((name) => ofFile(root, join(root, folder, name))),
  ).sort((one, other) => (toLine(one) < toLine(other) ? -1 : 1));
}

export function toLine({ file, kind, text }: Message): string {
  return `${file} | ${kind} | ${text}`;
}

function ofFile(root: string, path: string): Message[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const file = relative(root, path).split(sep).join('/');
  const found: Message[] = [];
  const add = (kind: Message['kind'], node: ts.Node | undefined): void => {
    for (const text of textsOf(node)) if (/[a-z] [a-z]/i.test(text)) found.push({ file, kind, text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && /^(ProvisionerError|Error)$/.test(node.expression.getText(source))) {
      add(
        'error',
        node.arguments?.find((argument) => textsOf(argument).some((text) => text.includes(' '))),
      );
    }
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText(source);
      if (callee.endsWith('.fault') || callee.endsWith('.matching')) add('setting', node.arguments.at(-1));
      if (callee === 'console.error') add('console', node.arguments[0]);
    }
    if (ts.isVariableDeclaration(node) && /^[A-Z_]*(FIX|FAULTS|OUTSIDE)[A-Z_]*$/.test(node.name.getText(source))) {
      const collect = (inner: ts.Node): void => {
        add('fix', ts.isStringLiteralLike(inner) || ts.isTemplateExpression(inner) ? inner : undefined);
        ts.forEachChild(inner, collect);
      };
      collect(node);
    }
    if (ts.isPropertyAssignment(node)) {
      const name = node.name.getText(source);
      if (name === 'fix') add('fix', node.initializer);
      const isAnswer = name === 'message' || name === 'malformed';
      if (isAnswer && isIn(node, 'failed', source)) add('answer', node.initializer);
      if (name === 'malformed' && !isIn(node, 'failed', source)) add('answer', node.initializer);
      if (name === 'reason' && siblings(node).includes('guard')) add('refusal', node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function siblings({ parent }: ts.PropertyAssignment): string[] {
  return parent.properties.map((property) => property.name?.getText() ?? '');
}

function isIn(node: ts.Node, callee: string, source: ts.SourceFile): boolean {
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isCallExpression(at)) return at.expression.getText(source) === callee;
  }
  return false;
}

/** The texts that an expression may come to. */
function textsOf(node: ts.Node | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [textsOf(node.left), textsOf(node.right)];
    if (node.operatorToken.kind === ts.SyntaxKind.PlusToken)
      return [`${left[0] ?? '…'}${right[0] ?? '…'}`].filter((text) => text !== '……');
    return [...left, ...right];
  }
  return [];
}
