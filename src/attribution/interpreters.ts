// The interpreters that a script can be named by, and how each reads its options. Sources: their manual pages.

export interface Interpreter {
  /** Name of the program file. */
  readonly program: RegExp;
  /** Options after which no script follows: the program text is given, or read from standard input. */
  readonly text: readonly string[];
  /** Options that take the next argument, unless their value is written in the same one. */
  readonly value: readonly string[];
  /** Letters that carry their value, if they have one, in the same argument. */
  readonly attached?: string;
  /** Letters cannot be written together behind one dash. */
  readonly bundles?: false;
  /** Options whose value is the script. */
  readonly script?: readonly string[];
  /** Words that stand before the script, as in `deno run`. */
  readonly words?: readonly string[];
  /** An argument that is no option is a script only if its name ends so; without: any. */
  readonly named?: RegExp;
}

const never = /(?!)/;

export const interpreters: readonly Interpreter[] = [
  {
    program: /^python\d*(\.\d+)*$|^pypy\d*(\.\d+)*$/,
    text: ['-c', '-m', '-'],
    value: ['-W', '-X', '-Q', '--check-hash-based-pycs'],
  },
  { program: /^perl(\d.*)?$/, text: ['-e', '-E', '-'], value: ['-I'], attached: 'CDFMVimx' },
  {
    program: /^j?ruby[\d.]*$/,
    text: ['-e', '-'],
    value: ['-I', '-r', '-C', '-E', '--encoding'],
    attached: 'FKTWix',
  },
  {
    program: /^node(js)?$/,
    text: ['-e', '-p', '-i', '--eval', '--print', '--interactive', '--run', '--test', '-'],
    value: [
      '-r',
      '--require',
      '--import',
      '--loader',
      '--experimental-loader',
      '-C',
      '--conditions',
      '--env-file',
      '--title',
      '--icu-data-dir',
      '--openssl-config',
    ],
    words: ['inspect'],
  },
  {
    program: /^deno$/,
    bundles: false,
    text: ['eval', 'repl', 'install', 'test', 'fmt', 'lint', 'cache', '-'],
    value: ['-c', '--config', '--import-map', '--cert', '--location', '--seed', '-L', '--log-level'],
    words: ['run', 'serve'],
  },
  {
    program: /^bun$/,
    text: ['-e', '-p', 'install', 'add', 'test', 'build', 'x', '-'],
    value: ['-r', '--preload', '-c', '--config', '--cwd', '--env-file'],
    words: ['run'],
  },
  {
    program: /^(ba|da|a|z|k|mk|pdk|lk)?sh$|^(ba|z|k)sh\d$|^fish$/,
    text: ['-c', '-s', '-', '--command'],
    value: ['-o', '+o', '-O', '+O', '--rcfile', '--init-file', '--init-command'],
  },
  {
    program: /^php[\d.]*$/,
    text: ['-r', '-a', '-S', '-B', '-R', '-'],
    value: ['-c', '-d', '-z', '-t'],
    script: ['-f', '--file', '-F', '--process-file'],
  },
  { program: /^lua(jit)?[\d.-]*$/, text: ['-'], value: ['-e', '-l'] },
  { program: /^(tclsh|wish)[\d.]*$/, text: ['-'], value: ['-encoding'] },
  {
    program: /^([gmn]|original-)?awk$/,
    text: [],
    value: ['-F', '-v', '-i', '-l', '--field-separator', '--assign', '--include'],
    script: ['-f', '-E', '--file', '--exec'],
    named: never,
  },
  {
    program: /^java$/,
    bundles: false,
    text: ['-m', '--module'],
    value: [
      '-cp',
      '-classpath',
      '--class-path',
      '-p',
      '--module-path',
      '--upgrade-module-path',
      '--add-modules',
      '--add-opens',
      '--add-exports',
      '--add-reads',
      '--patch-module',
      '--source',
    ],
    script: ['-jar'],
    named: /\.java$/,
  },
  // The loader runs any file as a program: a rule for that file's path is not meant, so it is named like a script.
  {
    program: /^ld-linux.*\.so\.\d+$|^ld-musl-.*\.so\.\d+$|^ld-\d.*\.so$|^ld64\.so\.\d+$|^ld\.so(\.\d+)?$/,
    text: ['--list', '--verify', '--help', '--version', '--list-tunables', '--list-diagnostics'],
    value: [
      '--library-path',
      '--inhibit-rpath',
      '--audit',
      '--preload',
      '--argv0',
      '--glibc-hwcaps-prepend',
      '--glibc-hwcaps-mask',
    ],
  },
];
