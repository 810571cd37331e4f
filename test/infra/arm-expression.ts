/** Values of parameters and variables that an expression may name. */
export interface Scope {
  parameters: Record<string, unknown>;
  variables: Record<string, unknown>;
}

type Expression = () => unknown;

/** Evaluates an ARM template expression of the few functions that the cluster's check uses, lazily, as ARM does. */
export function evaluate(text: unknown, scope: Scope): unknown {
  if (typeof text !== 'string' || !text.startsWith('[')) return text;
  const tokens = text.slice(1, -1).match(/'(?:[^']|'')*'|-?\d+|[A-Za-z]\w*|[(),[\]]/g) ?? [];
  let position = 0;
  const next = (): string => {
    const token = tokens[position];
    position += 1;
    if (token === undefined) throw new Error(`${text} ends too early`);
    return token;
  };

  function readOne(): Expression {
    let one = readPlain();
    while (tokens[position] === '[') {
      position += 1;
      const [of, index] = [one, readOne()];
      next();
      one = () => (of() as unknown[])[index() as number];
    }
    return one;
  }

  function readPlain(): Expression {
    const token = next();
    if (token.startsWith("'")) return () => token.slice(1, -1).replaceAll("''", "'");
    if (/^-?\d+$/.test(token)) return () => Number(token);
    next();
    const args: Expression[] = [];
    while (tokens[position] !== ')') {
      args.push(readOne());
      if (tokens[position] === ',') position += 1;
    }
    position += 1;
    return () => call(token, args, scope);
  }

  return readOne()();
}

function call(name: string, args: readonly Expression[], scope: Scope): unknown {
  const value = (index: number): unknown => args[index]?.();
  switch (name) {
    case 'parameters':
      return scope.parameters[String(value(0))];
    case 'variables':
      return evaluate(scope.variables[String(value(0))], scope);
    case 'if':
      return value(0) === true ? value(1) : value(2);
    case 'not':
      return value(0) !== true;
    case 'or':
      return args.some((one) => one() === true);
    case 'greater':
      return Number(value(0)) > Number(value(1));
    case 'greaterOrEquals':
      return Number(value(0)) >= Number(value(1));
    case 'int':
      return Number(value(0));
    case 'split':
      return String(value(0)).split(String(value(1)));
    case 'format':
      return String(value(0)).replaceAll(/\{(\d+)\}/g, (_, index) => String(value(Number(index) + 1)));
    case 'fail':
      throw new Error(String(value(0)));
    default:
      throw new Error(`${name} is not known here`);
  }
}
