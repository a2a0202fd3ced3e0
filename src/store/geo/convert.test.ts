// An administrator's files become one table, on a thread of their own, whole or not at all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Address, parseAddress } from '#model/net/address.ts';
import { convertGeo, loadGeo } from './convert.ts';
import { findHalves, importGeo } from './import.ts';
import { formatMmdb } from './mmdb.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'pt-geo-'));
after(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const at = (text: string) => parseAddress(text) as Address;

function write(name: string, record: { readonly [key: string]: string | number }): string {
  const network = { bits: '00010100', family: 4 as const, record };
  writeFileSync(path(name), formatMmdb([network], { recordSize: 28, ipVersion: 6, type: name }));
  return path(name);
}

const country = write('country.mmdb', { country: 'DE' });
const asn = write('asn.mmdb', { asn: 'AS64496', as_name: 'one' });

test('countries of one file and networks of another become one table', async () => {
  const output = path('geo.bin');
  const imported = await importGeo({ countries: country, networks: asn }, output);
  assert.ok(imported.ok, imported.ok ? '' : imported.error);
  assert.equal(imported.value.bytes, readFileSync(output).length);
  const { countrySource, networkSource } = imported.value;
  assert.deepEqual(
    [countrySource?.name, countrySource?.file, networkSource?.name],
    ['country.mmdb', 'country.mmdb', 'asn.mmdb'],
  );
  const table = loadGeo(output);
  assert.ok(table.ok);
  const { value } = table;
  assert.deepEqual(
    [value.country(at('20.1.1.1')), value.network(at('20.1.1.1')), value.networkName(64496)],
    ['DE', 64496, 'one'],
  );
  // The half of a table that is there already is taken over, also into its own place.
  const other = write('other.mmdb', { asn: 7 });
  assert.ok(convertGeo({ countries: output, networks: other }, output).ok);
  const again = loadGeo(output);
  assert.ok(again.ok);
  assert.deepEqual([again.value.country(at('20.1.1.1')), again.value.network(at('20.1.1.1'))], ['DE', 7]);
});

test('which halves a file has is found without converting it, and one with neither is an error', async () => {
  assert.deepEqual(await findHalves(country), { ok: true, value: { countries: true, networks: false } });
  assert.deepEqual(await findHalves(asn), { ok: true, value: { countries: false, networks: true } });
  const none = await findHalves(write('none.mmdb', { other: 1 }));
  assert.equal(
    none.ok ? '' : none.error.replaceAll(folder, '…'),
    '…/none.mmdb cannot be used: it names no country. Is it the file for something else?',
  );
});

test('a file that cannot be used leaves the table as it was, and says why', async () => {
  const output = path('kept.bin');
  assert.ok(convertGeo({ countries: country }, output).ok);
  const before = readFileSync(output);
  const error = async (files: Parameters<typeof importGeo>[0]) => {
    const imported = await importGeo(files, output);
    return imported.ok ? 'none' : imported.error.replaceAll(folder, '…');
  };
  writeFileSync(path('text'), 'not a database');
  writeFileSync(path('damaged.bin'), before.subarray(0, -4));
  assert.equal(await error({ countries: path('text') }), '…/text cannot be used: it is no MaxMind DB file.');
  assert.match(await error({ countries: path('none') }), /^…\/none cannot be read: ENOENT/);
  assert.equal(await error({ countries: folder }), '… cannot be used: it is not a regular file.');
  assert.equal(
    await error({ networks: country }),
    '…/country.mmdb cannot be used: it names no network number (AS). Is it the file for something else?',
  );
  assert.equal(
    await error({ countries: asn }),
    '…/asn.mmdb cannot be used: it names no country. Is it the file for something else?',
  );
  assert.match(await error({ countries: path('damaged.bin') }), /^…\/damaged.bin cannot be used: it is damaged: /);
  spawnSync('mkfifo', [path('pipe')]);
  assert.equal(await error({ countries: path('pipe') }), '…/pipe cannot be used: it is not a regular file.');
  writeFileSync(path('large'), '');
  truncateSync(path('large'), 513 * 1024 * 1024);
  assert.equal(await error({ countries: path('large') }), '…/large cannot be used: it has more than 512 MB.');
  assert.deepEqual(readFileSync(output), before);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('.new')),
    [],
  );
});

test('a place that cannot be written is told', () => {
  const written = convertGeo({ countries: country }, path('no/such/folder'));
  assert.match(written.ok ? '' : written.error, /^The country table cannot be written: ENOENT/);
  const loaded = loadGeo(path('text'));
  assert.match(loaded.ok ? '' : loaded.error, /text cannot be used: it is no country table.* Make it anew\.$/);
});

const built = join(import.meta.dirname, '../../../build/geo.bin');

test('the table of this checkout knows allocations that do not move', (context) => {
  if (!existsSync(built)) {
    // Without a network script/setup goes on without it.
    context.diagnostic('there is no build/geo.bin');
    return;
  }
  const loaded = loadGeo(built);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error);
  const table = loaded.value;
  assert.match(table.countrySource?.date ?? '', /^20\d\d-\d\d-\d\d$/);
  assert.match(table.countrySource?.licence ?? '', /CC BY-SA/);
  // Of the registries: RIPE NCC, a German university, Japan's NIC, Brazil's, the US Army; the operator of a root server in Sweden.
  const countries = {
    '193.0.6.139': 'NL',
    '141.24.1.1': 'DE',
    '202.12.30.115': 'JP',
    '200.160.2.3': 'BR',
    '6.1.1.1': 'US',
    '192.36.148.17': 'SE',
    '2001:610::1': 'NL',
  };
  for (const [text, code] of Object.entries(countries)) assert.equal(table.country(at(text)), code, text);
  for (const text of ['127.0.0.1', '10.0.0.1', '192.0.2.1', '::1', 'fe80::1', '2001:db8::1', '224.0.0.251']) {
    assert.deepEqual([table.country(at(text)), table.network(at(text))], [undefined, undefined], text);
  }
  if (table.networkSource === undefined) return;
  const networks = { '1.1.1.1': 13335, '8.8.8.8': 15169, '193.0.6.139': 3333, '2606:4700:4700::1111': 13335 };
  for (const [text, number] of Object.entries(networks)) assert.equal(table.network(at(text)), number, text);
  assert.match(table.networkName(13335) ?? '', /cloudflare/i);
});
