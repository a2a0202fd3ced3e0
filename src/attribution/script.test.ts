import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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
  ['/usr/bin/ruby3.1', 'ruby -r json ../b/r.rb', '/home/a/../b/r.rb'],
  ['/usr/bin/node', 'node --max-old-space-size=100 /usr/lib/npm/npm-cli.js ci', '/usr/lib/npm/npm-cli.js'],
  ['/usr/bin/node', 'node -r dotenv app.js', '/home/a/app.js'],
  ['/usr/bin/node', 'node -e 1', null],
  ['/usr/bin/deno', 'deno run --allow-net main.ts', '/home/a/main.ts'],
  ['/usr/bin/bash', 'bash ./x.sh', '/home/a/./x.sh'],
  ['/usr/bin/bash', 'bash -lc true', null],
  ['/usr/bin/dash', 'sh -e -o pipefail x.sh', '/home/a/x.sh'],
  ['/usr/bin/php8.2', 'php -f index.php', '/home/a/index.php'],
  ['/usr/lib/jvm/bin/java', 'java -Xmx1g -jar app.jar', '/home/a/app.jar'],
  ['/usr/lib/jvm/bin/java', 'java -cp lib Main', null],
  ['/usr/bin/mawk', 'awk -F : -f prog.awk', '/home/a/prog.awk'],
  ['/usr/bin/mawk', 'awk {print}', null],
  ['/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', 'ld.so --preload x /usr/bin/curl', '/usr/bin/curl'],
  ['/usr/lib64/ld-linux-x86-64.so.2', 'ld.so --argv0 curl /tmp/evil', '/tmp/evil'],
  ['/usr/lib/ld-musl-x86_64.so.1', 'ld --list /bin/ls', null],
  ['/usr/bin/curl', 'curl script.py', null],
  // Options that carry their value, or take the next argument.
  ['/usr/bin/python3', 'python3 -Wignore -Xdev x.py', '/home/a/x.py'],
  ['/usr/bin/python3', 'python3 -uW ignore x.py', '/home/a/x.py'],
  ['/usr/bin/python3', 'python3 -mhttp.server x.py', null],
  ['/usr/bin/pypy3.10', 'pypy3 x.py', '/home/a/x.py'],
  ['/usr/bin/perl5.36', 'perl -Ilib -MData::Dumper x.pl', '/home/a/x.pl'],
  ['/usr/bin/perl', 'perl -lane print x.pl', null],
  ['/usr/bin/ruby', 'ruby -rjson -I lib r.rb', '/home/a/r.rb'],
  ['/usr/bin/node', 'node --require=x --eval=1 app.js', null],
  ['/usr/bin/node', 'node --import ./hook.mjs --no-warnings app.js', '/home/a/app.js'],
  ['/usr/bin/node', 'node inspect app.js', '/home/a/app.js'],
  ['/usr/bin/node', 'node -pe 1', null],
  ['/usr/bin/node', 'node', null],
  ['/usr/bin/bun', 'bun run --cwd /x index.ts', '/home/a/index.ts'],
  ['/usr/bin/deno', 'deno eval 1', null],
  ['/usr/bin/bash', 'bash -eo pipefail x.sh', '/home/a/x.sh'],
  ['/usr/bin/bash', 'bash -euxo pipefail -c true x.sh', null],
  ['/usr/bin/bash', 'bash --rcfile /etc/rc -i', null],
  ['/usr/bin/bash', 'bash +o history x.sh', '/home/a/x.sh'],
  ['/usr/bin/zsh', 'zsh -f x.zsh -c', '/home/a/x.zsh'],
  ['/usr/bin/dash', 'sh -s x.sh', null],
  ['/usr/bin/php', 'php -d a=b -S localhost:80', null],
  ['/usr/bin/php', 'php artisan serve', '/home/a/artisan'],
  ['/usr/bin/lua5.4', 'lua -e x=1 x.lua', '/home/a/x.lua'],
  ['/usr/bin/tclsh8.6', 'tclsh -encoding utf-8 x.tcl', '/home/a/x.tcl'],
  ['/usr/bin/gawk', 'gawk -fprog.awk data', '/home/a/prog.awk'],
  ['/usr/bin/gawk', 'gawk --file=prog.awk data', '/home/a/prog.awk'],
  ['/usr/bin/gawk', 'gawk -v x=1 -F: {print} data', null],
  ['/usr/bin/gawk', 'gawk -- {print} data', null],
  ['/usr/lib/jvm/bin/java', 'java -cp lib:x -Dx=y -jar app.jar', '/home/a/app.jar'],
  ['/usr/lib/jvm/bin/java', 'java -cp lib Main -jar app.jar', null],
  ['/usr/lib/jvm/bin/java', 'java Hello.java', '/home/a/Hello.java'],
  ['/usr/bin/python3', 'python3 -W', null],
  ['/usr/bin/python3', 'python3 --', null],
];

for (const [program, line, expected] of cases) {
  test(`${program}: ${line}`, () => assert.equal(scriptOf(program, line.split(' '), '/home/a'), expected));
}

test('a relative script of a process whose folder is not known is not known', () => {
  assert.equal(scriptOf('/usr/bin/python3', ['python3', 'x.py'], undefined), null);
});

test('arguments are nobody to trust: any of them give an absolute path or none', () => {
  const program = fc.constantFrom('python3', 'bash', 'node', 'java', 'awk', 'php', 'ld-linux-x86-64.so.2', 'curl');
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-', '--', '-c', '-f', '-jar', '-o', '+', '-eo', '../..', 'x', ''),
  );
  fc.assert(
    fc.property(program, fc.array(word), (name, args) => {
      const script = scriptOf(`/usr/bin/${name}`, args, '/home/a');
      if (script === null) return;
      assert.ok(script.startsWith('/') && !script.includes('\0'), script);
    }),
  );
});
