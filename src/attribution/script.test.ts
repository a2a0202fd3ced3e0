import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptOf } from './script.ts';

const cases: readonly [string, string, string | null][] = [
  ['/usr/bin/python3.11', 'python3 tool.py', '/home/a/tool.py'],
  ['/usr/bin/python3.11', 'python3 -u -W ignore /opt/x.py --flag', '/opt/x.py'],
  ['/usr/bin/python3.11', 'python3 -c print(1) x.py', null],
  ['/usr/bin/python3.11', 'python3 -Ic print(1)', null],
  ['/usr/bin/python3.11', 'python3 -m http.server', null],
  ['/usr/bin/python3.11', 'python3', null],
  ['/usr/bin/python3.11', 'python3 -', null],
  ['/usr/bin/python3.11', 'python3 -- -odd.py', '/home/a/-odd.py'],
  ['/usr/bin/perl', 'perl -w -I lib script.pl', '/home/a/script.pl'],
  ['/usr/bin/perl', 'perl -we 1', null],
  ['/usr/bin/ruby3.1', 'ruby -r json ../b/r.rb', '/home/b/r.rb'],
  ['/usr/bin/node', 'node --max-old-space-size=100 /usr/lib/npm/npm-cli.js ci', '/usr/lib/npm/npm-cli.js'],
  ['/usr/bin/node', 'node -r dotenv app.js', '/home/a/app.js'],
  ['/usr/bin/node', 'node -e 1', null],
  ['/usr/bin/deno', 'deno run --allow-net main.ts', '/home/a/main.ts'],
  ['/usr/bin/bash', 'bash ./x.sh', '/home/a/x.sh'],
  ['/usr/bin/bash', 'bash -lc true', null],
  ['/usr/bin/dash', 'sh -e -o pipefail x.sh', '/home/a/x.sh'],
  ['/usr/bin/php8.2', 'php -f index.php', '/home/a/index.php'],
  ['/usr/lib/jvm/bin/java', 'java -Xmx1g -jar app.jar', '/home/a/app.jar'],
  ['/usr/lib/jvm/bin/java', 'java -cp lib Main', null],
  ['/usr/bin/mawk', 'awk -F : -f prog.awk', '/home/a/prog.awk'],
  ['/usr/bin/mawk', 'awk {print}', null],
  ['/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', 'ld.so --preload x /usr/bin/curl', '/usr/bin/curl'],
  ['/usr/bin/curl', 'curl script.py', null],
];

for (const [program, line, expected] of cases) {
  test(`${program}: ${line}`, () => assert.equal(scriptOf(program, line.split(' '), '/home/a'), expected));
}

test('a relative script of a process whose folder is not known is not known', () => {
  assert.equal(scriptOf('/usr/bin/python3', ['python3', 'x.py'], undefined), null);
});
