import ts from 'typescript';

/** One small change of a file's text that a good suite notices. */
export interface Mutation {
  start: number;
  end: number;
  replacement: string;
  /** What changed, for a person: also what tells mutants of one line from another. */
  what: string;
}

type Operator = (node: ts.Node, text: (node: ts.Node) => string) => Iterable<Mutation>;

/** Not the literals: TypeScript would narrow by them, and the mutant would not compile. */
const TRUE = 'Boolean(1)';
const FALSE = 'Boolean(0)';

const SWAPPED: Partial<Record<ts.SyntaxKind, readonly string[]>> = {
  [ts.SyntaxKind.AmpersandAmpersandToken]: ['||'],
  [ts.SyntaxKind.BarBarToken]: ['&&'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: ['!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: ['==='],
  [ts.SyntaxKind.LessThanToken]: ['<=', '>='],
  [ts.SyntaxKind.LessThanEqualsToken]: ['<', '>'],
  [ts.SyntaxKind.GreaterThanToken]: ['>=', '<='],
  [ts.SyntaxKind.GreaterThanEqualsToken]: ['>', '<'],
  [ts.SyntaxKind.MinusToken]: ['+'],
  [ts.SyntaxKind.AsteriskToken]: ['/'],
  [ts.SyntaxKind.SlashToken]: ['*'],
  [ts.SyntaxKind.PlusEqualsToken]: ['-='],
  [ts.SyntaxKind.MinusEqualsToken]: ['+='],
};

/** A method for its opposite. */
const RENAMED: Partial<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  floor: 'ceil',
  ceil: 'floor',
};
/** A method left out, its receiver taken as it is. */
const DROPPED = new Set(['filter', 'toLowerCase', 'trim', 'toSorted', 'slice', 'catch', 'finally', 'toWellFormed']);

const change = (node: ts.Node, replacement: string, what: string): Mutation => ({
  start: node.getStart(),
  end: node.getEnd(),
  replacement,
  what,
});

/** The first words of a piece of code, on one line. */
function brief(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}

function* binary(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (!ts.isBinaryExpression(node)) return;
  const { left, operatorToken, right } = node;
  if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    yield change(node, text(right), `${brief(text(node))} -> ${brief(text(right))}`);
    return;
  }
  if (operatorToken.kind === ts.SyntaxKind.PlusToken) {
    if (![left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side)))
      yield change(operatorToken, '-', `${brief(text(node))}: + -> -`);
    return;
  }
  for (const other of SWAPPED[operatorToken.kind] ?? [])
    yield change(operatorToken, other, `${brief(text(node))}: ${text(operatorToken)} -> ${other}`);
}

function* condition(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  const asked = ts.isIfStatement(node)
    ? node.expression
    : ts.isConditionalExpression(node)
      ? node.condition
      : undefined;
  if (asked === undefined) return;
  yield change(asked, TRUE, `${brief(text(asked))} -> true`);
  yield change(asked, FALSE, `${brief(text(asked))} -> false`);
}

function* negation(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    yield change(node, text(node.operand), `${brief(text(node))}: ! left out`);
}

function* literal(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (node.kind === ts.SyntaxKind.TrueKeyword && !ts.isLiteralTypeNode(node.parent))
    yield change(node, 'false', `${brief(text(node.parent))}: true -> false`);
  if (node.kind === ts.SyntaxKind.FalseKeyword && !ts.isLiteralTypeNode(node.parent))
    yield change(node, 'true', `${brief(text(node.parent))}: false -> true`);
  if (ts.isNumericLiteral(node) && !ts.isLiteralTypeNode(node.parent))
    yield change(node, String(Number(node.text) + 1), `${brief(text(node.parent))}: ${text(node)} -> it + 1`);
}

function* call(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
  const { name, expression } = node.expression;
  const other = RENAMED[name.text];
  if (other !== undefined) yield change(name, other, `${brief(text(node))}: ${name.text} -> ${other}`);
  if (DROPPED.has(name.text)) yield change(node, text(expression), `${brief(text(node))}: .${name.text}() left out`);
}

function* statement(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (ts.isExpressionStatement(node)) yield change(node, ';', `${brief(text(node))} left out`);
  if (ts.isThrowStatement(node) || ts.isContinueStatement(node) || ts.isBreakStatement(node))
    yield change(node, ';', `${brief(text(node))} left out`);
  if (ts.isReturnStatement(node) && (node.expression === undefined || ts.isIfStatement(node.parent)))
    yield change(node, ';', `${brief(text(node))} left out`);
}

function* member(node: ts.Node, text: (node: ts.Node) => string): Iterable<Mutation> {
  if (!ts.isObjectLiteralExpression(node) && !ts.isArrayLiteralExpression(node)) return;
  const members: readonly ts.Node[] = ts.isObjectLiteralExpression(node) ? node.properties : node.elements;
  for (const [index, one] of members.entries()) {
    const next = members[index + 1];
    const end = next === undefined ? one.getEnd() : next.getStart();
    yield { start: one.getStart(), end, replacement: '', what: `${brief(text(one))} left out` };
  }
}

const OPERATORS: readonly Operator[] = [binary, condition, negation, literal, call, statement, member];

/** Every mutation of a source file, in the order of its text. Types, imports and declarations of names are left alone. */
export function mutationsOf(source: ts.SourceFile): Mutation[] {
  const found: Mutation[] = [];
  const text = (node: ts.Node): string => node.getText(source);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    for (const operator of OPERATORS) found.push(...operator(node, text));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
