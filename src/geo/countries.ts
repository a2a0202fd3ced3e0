// The countries that rules may name: ISO 3166-1 alpha-2, with short English names.
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';

/** All 249 codes that are assigned. */
const assigned = `
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM Armenia;
AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Åland Islands;
AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria;
BH Bahrain; BI Burundi; BJ Benin; BL St. Barthélemy; BM Bermuda; BN Brunei; BO Bolivia; BQ Caribbean Netherlands;
BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos Islands;
CD Congo (Kinshasa); CF Central African Republic; CG Congo (Brazzaville); CH Switzerland; CI Ivory Coast;
CK Cook Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curaçao;
CX Christmas Island; CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic;
DZ Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland;
FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United Kingdom; GD Grenada;
GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN Guinea;
GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia; GT Guatemala; GU Guam; GW Guinea-Bissau;
GY Guyana; HK Hong Kong; HM Heard and McDonald Islands; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia;
IE Ireland; IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland;
IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros;
KN St. Kitts and Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos;
LB Lebanon; LC St. Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg;
LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF St. Martin; MG Madagascar;
MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macao; MP Northern Mariana Islands;
MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives; MW Malawi; MX Mexico; MY Malaysia;
MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands;
NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia;
PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PM St. Pierre and Miquelon; PN Pitcairn;
PR Puerto Rico; PS Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Réunion; RO Romania; RS Serbia;
RU Russia; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore;
SH St. Helena; SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal;
SO Somalia; SR Suriname; SS South Sudan; ST São Tomé and Príncipe; SV El Salvador; SX Sint Maarten; SY Syria;
SZ Eswatini; TC Turks and Caicos Islands; TD Chad; TF French Southern Territories; TG Togo; TH Thailand;
TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga; TR Turkey; TT Trinidad and Tobago;
TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM US Outlying Islands; US United States; UY Uruguay;
UZ Uzbekistan; VA Vatican City; VC St. Vincent and Grenadines; VE Venezuela; VG British Virgin Islands;
VI US Virgin Islands; VN Vietnam; VU Vanuatu; WF Wallis and Futuna; WS Samoa; YE Yemen; YT Mayotte; ZA South Africa;
ZM Zambia; ZW Zimbabwe`;

/** Kosovo has no code of ISO's; XK is the one for free use that sources of data agree on. */
const agreed = 'XK Kosovo';

const names: ReadonlyMap<string, string> = new Map(
  [...assigned.trim().split(/;\s+/), agreed].map((entry) => [entry.slice(0, 2), entry.slice(3)]),
);

/** Two capital letters each, in order. */
export const countryCodes: readonly string[] = [...names.keys()].sort();

/** What people write who know a country by other letters. */
const otherLetters: Readonly<Record<string, string>> = { UK: 'GB', EL: 'GR', USA: 'US', UAE: 'AE' };

export function isCountryCode(code: string): boolean {
  return names.has(code);
}

/** `Germany` of `DE`; undefined for what is no code. */
export function countryName(code: string): string | undefined {
  return names.get(code);
}

/** A code in capitals or not, to capitals. The error says what it could have been, and ends without a full stop. */
export function parseCountry(text: string): Result<string> {
  const code = text.toUpperCase();
  if (names.has(code)) return ok(code);
  const meant = otherLetters[code] ?? codeOfName(text);
  const hint = meant === undefined ? '' : `; did you mean ${meant} (${names.get(meant)})?`;
  return fail(`"${escapeText(text.slice(0, 64))}" is not the code of a country, two letters such as DE${hint}`);
}

/** The country whose name is this or, from four letters on, begins so. */
function codeOfName(text: string): string | undefined {
  const wanted = plain(text);
  let begins: string | undefined;
  for (const [code, name] of names) {
    if (plain(name) === wanted) return code;
    if (wanted.length >= 4 && plain(name).startsWith(wanted)) begins ??= code;
  }
  return begins;
}

/** Lower case, without accents. */
function plain(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
