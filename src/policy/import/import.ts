// Import: the rules of other tools, whichever they are, as rules of Postern's and a report.
import type { ImportFormat } from '#model/exchange/reports.ts';
import { importLsrules } from './apps/lsrules.ts';
import { importPortmaster } from './apps/portmaster.ts';
import type { ImportedRules, TextFile } from './collection.ts';
import { importIptables, importUfw } from './netfilter/iptables.ts';
import { importNft } from './netfilter/nft.ts';
import type { ReadFolder } from './opensnitch/listfolders.ts';
import { importOpenSnitch } from './opensnitch/opensnitch.ts';

export interface ImportSources {
  readonly files: readonly TextFile[];
  /** OpenSnitch's network_aliases.json. */
  readonly aliases?: TextFile | undefined;
  /** For lists that rules name by their folder. */
  readonly readFolder: ReadFolder;
}

const importers: Readonly<Record<ImportFormat, (sources: ImportSources) => ImportedRules>> = {
  opensnitch: importOpenSnitch,
  iptables: importIptables,
  nft: importNft,
  ufw: importUfw,
  lsrules: importLsrules,
  portmaster: importPortmaster,
};

export function importRules(format: ImportFormat, sources: ImportSources): ImportedRules {
  return importers[format](sources);
}
