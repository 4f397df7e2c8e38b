/** The metric math that the template's alarms use, and nothing more: what is not understood is an error, not a zero. */

/** A number, or null where a metric has no value. */
export type Value = number | null;

const TOKENS = /\s*(?:(\d+(?:\.\d+)?)|(AND|OR)\b|([A-Za-z]\w*)|(==|>=|<=|[-+*/(),<>]))/y;

/**
 * Evaluates an expression.
 * @throws {SyntaxError} for whatever stands in it that is not understood.
 */
export function evaluate(expression: string, metrics: Readonly<Record<string, Value>>): Value {
  const tokens: string[] = [];
  TOKENS.lastIndex = 0;
  for (let at = 0; at < expression.trimEnd().length; at = TOKENS.lastIndex) {
    TOKENS.lastIndex = at;
    const [whole] = TOKENS.exec(expression) ?? [];
    if (whole === undefined)
      throw new SyntaxError(`metric math is not understood at ${JSON.stringify(expression.slice(at))}`);
    tokens.push(whole.trim());
  }
  let next = 0;
  const take = (expected?: string): string => {
    const token = tokens[next] ?? '';
    if (expected !== undefined && token !== expected)
      throw new SyntaxError(`${expression}: expected ${expected}, got ${JSON.stringify(token)}`);
    next += 1;
    return token;
  };
  const binary =
    (operators: Readonly<Record<string, (one: number, other: number) => number>>, inner: () => Value) =>
    (): Value => {
      let value = inner();
      for (let act = operators[tokens[next] ?? '']; act !== undefined; act = operators[tokens[next] ?? '']) {
        next += 1;
        const other = inner();
        value = value === null || other === null ? null : act(value, other);
      }
      return value;
    };
  const call = (name: string): Value => {
    take('(');
    const values: Value[] = [any()];
    while (tokens[next] === ',') {
      take(',');
      values.push(any());
    }
    take(')');
    const [first = null, second = null, third = null] = values;
    if (name === 'FILL' && values.length === 2) return first ?? second;
    if (name === 'IF' && values.length === 3) return first === null ? null : first !== 0 ? second : third;
    throw new SyntaxError(`${expression}: the function ${name} of ${values.length} is not understood`);
  };
  const one = (): Value => {
    const token = take();
    if (token === '(') {
      const value = any();
      take(')');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (tokens[next] === '(') return call(token);
    const value = metrics[token];
    if (value === undefined) throw new SyntaxError(`${expression}: no metric is called ${token}`);
    return value;
  };
  const truth = (holds: boolean): number => (holds ? 1 : 0);
  const product = binary({ '*': (a, b) => a * b, '/': (a, b) => a / b }, one);
  const sum = binary({ '+': (a, b) => a + b, '-': (a, b) => a - b }, product);
  const compared = binary(
    {
      ...{ '>': (a, b) => truth(a > b), '<': (a, b) => truth(a < b), '==': (a, b) => truth(a === b) },
      ...{ '>=': (a, b) => truth(a >= b), '<=': (a, b) => truth(a <= b) },
    },
    sum,
  );
  const any: () => Value = binary(
    { AND: (a, b) => truth(a !== 0 && b !== 0), OR: (a, b) => truth(a !== 0 || b !== 0) },
    compared,
  );
  const value = any();
  if (next < tokens.length) throw new SyntaxError(`${expression}: ${tokens[next]} is not understood here`);
  return value;
}
