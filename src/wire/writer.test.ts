import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AttributeReader, MessageReader } from './netlink.ts';
import { Writer } from './writer.ts';

const hex = (writer: Writer) => Buffer.from(writer.finished()).toString('hex');

test('golden: attributes are padded, nests say that they are', () => {
  const writer = Writer.growing(1);
  const message = writer.beginMessage(0x1234, 0x0305, 0xa1b2c3d4);
  writer.attributeU8(1, 0xee);
  const nest = writer.beginNested(2);
  writer.attributeBe16(3, 0x0102);
  writer.attributeText(4, 'ab');
  writer.endAttribute(nest);
  assert.ok(writer.endMessage(message));
  assert.equal(
    hex(writer),
    '2c000000341205 03d4c3b2a100000000'.replace(' ', '') +
      '05000100ee000000' +
      '14000280' +
      '0600030001020000' +
      '0700040061620000',
  );
});

test('a message whose last attribute is odd is padded itself, but its length is not', () => {
  const writer = Writer.growing();
  const first = writer.beginMessage(1, 0, 0);
  writer.u8(7);
  writer.endMessage(first);
  assert.equal(writer.length, 20);
  assert.equal(writer.bytes[0], 17);
});

test('a fixed arena drops what does not fit, whole, wherever it ends', () => {
  const append = (writer: Writer): boolean => {
    const start = writer.beginMessage(1, 0, 0);
    const nest = writer.beginNested(1);
    writer.attributeText(2, 'name');
    writer.attributeBe32(3, 1);
    writer.put([1, 2, 3]);
    writer.endAttribute(nest);
    return writer.endMessage(start);
  };
  const whole = Writer.growing();
  append(whole);
  for (let size = 0; size < 2 * whole.length; size++) {
    const writer = Writer.over(new Uint8Array(size));
    const first = append(writer);
    const second = append(writer);
    assert.deepEqual([first, second], [size >= whole.length, false], `arena of ${size}`);
    assert.equal(hex(writer), first ? hex(whole) : '');
    assert.ok(writer.overflowed);
  }
});

test('an attribute above 65,535 bytes is a mistake of the caller', () => {
  const writer = Writer.growing();
  assert.throws(() => writer.attributeBytes(1, new Uint8Array(65532)), RangeError);
});

type Tree = readonly { readonly type: number; readonly value: Uint8Array | Tree }[];

const tree = fc.letrec<{ tree: Tree; node: Tree[number] }>((tie) => ({
  tree: fc.array(tie('node'), { maxLength: 4 }),
  node: fc.record(
    {
      type: fc.nat(0x3fff),
      value: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 9 }), tie('tree')),
    },
    { noNullPrototype: true },
  ),
})).tree;

function write(writer: Writer, nodes: Tree): void {
  for (const { type, value } of nodes) {
    if (value instanceof Uint8Array) {
      writer.attributeBytes(type, value);
      continue;
    }
    const nest = writer.beginNested(type);
    write(writer, value);
    writer.endAttribute(nest);
  }
}

function read(bytes: Uint8Array, start: number, end: number, like: Tree): Tree {
  const attributes = new AttributeReader();
  attributes.reset(bytes, start, end);
  const nodes: Tree[number][] = [];
  while (attributes.next()) {
    const wanted = like[nodes.length]?.value;
    const { type, start: from, end: to } = attributes;
    nodes.push({
      type,
      value: wanted instanceof Uint8Array ? bytes.slice(from, to) : read(bytes, from, to, wanted ?? []),
    });
  }
  assert.equal(attributes.error, undefined);
  return nodes;
}

test('any tree of attributes in any number of messages is read again', () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), (trees) => {
      const writer = Writer.growing(1);
      trees.forEach((nodes, index) => {
        const start = writer.beginMessage(16 + index, index, index * 7);
        write(writer, nodes);
        writer.endMessage(start);
      });
      const messages = new MessageReader(writer.bytes, 0, writer.length);
      trees.forEach((nodes, index) => {
        assert.ok(messages.next());
        assert.deepEqual([messages.type, messages.flags, messages.sequence], [16 + index, index, index * 7]);
        assert.deepEqual(read(messages.bytes, messages.start, messages.end, nodes), nodes);
      });
      assert.equal(messages.next(), false);
      assert.equal(messages.error, undefined);
    }),
  );
});
