/** Evaluates the rule of a composite alarm as it stands in a template: alarms by their ARNs, and any of them. */
import type { AlarmProperties } from './cloudwatch.ts';

/**
 * @param rule of the template: text, or Fn::Join of text and of the alarms' ARNs.
 * @param isRed says whether the alarm of this logical id sounds.
 * @throws {SyntaxError} for a rule that is more than a list of alarms.
 */
export function ruleHolds(rule: AlarmProperties, isRed: (id: string) => boolean): boolean {
  const parts: readonly unknown[] = rule['Fn::Join'][1];
  const written = parts.map((part) => (typeof part === 'string' ? part : arnOf(part))).join('');
  const listed = written.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return listed.some((one) => {
    const [, id] = /^ALARM\("([A-Za-z0-9]+)"\)$/.exec(one.trim()) ?? [];
    if (id === undefined) throw new SyntaxError(`the rule is not understood at ${JSON.stringify(one)}`);
    return isRed(id);
  });
}

const arnOf = (part: unknown): string => (part as { 'Fn::GetAtt': [string, 'Arn'] })['Fn::GetAtt'][0];
