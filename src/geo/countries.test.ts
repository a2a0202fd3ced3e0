// The list of countries, against the one that comes with Node, and what is said of other words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countryCodes, countryName, isCountryCode, parseCountry } from './countries.ts';

// Known to Unicode's list and no code of ISO 3166-1 today: withdrawn ones, reserved ones and its own.
const others = new Set(
  `AC AN BU CP CQ CS CT DD DG DY EA EU EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ QO RH SU TA TP UK UN VD WK XA XB YD YU ZR ZZ`.split(
    ' ',
  ),
);

test('there are the 249 codes of ISO 3166-1 and Kosovo, each as Node knows it', () => {
  const known = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const expected = letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter((code) => known.of(code) !== undefined && !others.has(code));
  assert.deepEqual(countryCodes, expected);
  assert.equal(countryCodes.length, 250);
  // Names are shown in columns and sentences.
  for (const code of countryCodes) assert.match(countryName(code) ?? '', /^[\p{Lu}][\p{L}'().\- ]{2,31}$/u, code);
  assert.equal(new Set(countryCodes.map(countryName)).size, 250);
});

test('a code is read in capitals or not, and other words get an idea of what was meant', () => {
  assert.deepEqual(parseCountry('de'), { ok: true, value: 'DE' });
  assert.equal(countryName('DE'), 'Germany');
  assert.deepEqual([isCountryCode('DE'), isCountryCode('de'), isCountryCode('EU')], [true, false, false]);
  const error = (text: string) => {
    const parsed = parseCountry(text);
    return parsed.ok ? parsed.value : parsed.error;
  };
  assert.equal(
    error('UK'),
    '"UK" is not the code of a country, two letters such as DE; did you mean GB (United Kingdom)?',
  );
  assert.match(error('germany'), /did you mean DE \(Germany\)\?$/);
  assert.match(error('Aland'), /did you mean AX /);
  assert.match(error('Switz'), /did you mean CH /);
  assert.equal(error('EU'), '"EU" is not the code of a country, two letters such as DE');
  assert.equal(error(''), '"" is not the code of a country, two letters such as DE');
  assert.equal(error('constructor'), '"constructor" is not the code of a country, two letters such as DE');
});
