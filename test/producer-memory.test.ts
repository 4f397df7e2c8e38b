/** What a container remembers of what it put, and when it must not trust itself. */
import { expect, test } from 'vitest';
import { fingerprint, UnchangedMemory } from '../producers/memory.ts';

test('a fact in the state that was put last is known', () => {
  const memory = new UnchangedMemory();
  memory.startRun(1);
  memory.add([
    ['one', 'a'],
    ['two', 'b'],
  ]);

  const known = [memory.has(['one', 'a']), memory.has(['one', 'b']), memory.has(['three', 'a'])];

  expect(known).toEqual([true, false, false]);
});

test.each([
  ['the next lease was its own', 4, true],
  ['another run took a lease in between', 5, false],
  ['the table was emptied', 1, false],
])('the memory holds while nobody else touched the feed: %s', (_name, version, isKnown) => {
  const memory = new UnchangedMemory();
  memory.startRun(2);
  memory.add([['one', 'a']]);
  memory.saved(3);

  memory.startRun(version);

  expect(memory.has(['one', 'a'])).toBe(isKnown);
});

test('what is about to be put is forgotten until the stream has answered', () => {
  const memory = new UnchangedMemory();
  memory.startRun(1);
  memory.add([['one', 'a']]);

  memory.forget('one');

  expect(memory.has(['one', 'a'])).toBe(false);
});

test('it never holds more than its capacity: what was not seen for longest goes', () => {
  const memory = new UnchangedMemory(2);
  memory.startRun(1);
  memory.add([
    ['one', 'a'],
    ['two', 'a'],
  ]);
  memory.has(['one', 'a']);

  memory.add([['three', 'a']]);

  const known = ['one', 'two', 'three'].filter((identity) => memory.has([identity, 'a']));
  expect(known).toEqual(['one', 'three']);
});

test('a fingerprint is sixteen characters of one byte', () => {
  const print = fingerprint('tiny_fact/1');

  expect([print.length, Buffer.byteLength(print, 'latin1')]).toEqual([16, 16]);
  expect(fingerprint('tiny_fact/2')).not.toBe(print);
});
