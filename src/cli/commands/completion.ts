// postern completion: proposes how a command line could go on, and prints what a shell needs to ask for it.
import { buildCommand } from '@stricli/core';
import type { Context } from '../context.ts';
import { write } from '../output.ts';

const bash = `# Completion for postern; put it in ~/.bashrc: source <(postern completion)
_postern() {
  mapfile -t COMPREPLY < <(postern completion -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _postern postern
`;

export const completionCommand = buildCommand<Record<never, never>, string[], Context>({
  docs: {
    brief: 'Print the completion for bash',
    fullDescription: 'Print the completion for bash.\n\nExample:\n  source <(postern completion)\n',
  },
  parameters: {
    positional: { kind: 'array', parameter: { parse: String, brief: 'Words typed so far', placeholder: 'WORD' } },
  },
  async func(_, ...words) {
    if (words.length === 0) {
      process.stdout.write(bash);
      return;
    }
    for (const proposal of await this.propose(words)) write(proposal);
  },
});
