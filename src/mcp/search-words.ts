const listOf = (words: string): readonly string[] => words.split(' ');

/** Words that say nothing about what is wanted. */
export const IGNORED_WORDS: ReadonlySet<string> = new Set(
  listOf(
    'a all am an and any are as at be because been before by call can could did do does each every for from had has have he here i if in into it its just let ll ma may me more most much my need no not of old on once one only or our own please proxmox pve re s see so some still t test than that the their them then there these they this those to too two us ve want was we well were will with would you your',
  ),
);

/** Phrases that mean what one word means. Applied in this order, before the words are told apart. */
export const PHRASES: readonly (readonly [phrase: RegExp, word: string])[] = [
  [/\bvirtual machines?\b/g, 'vm'],
  [/\bqemu\b/g, 'vm'],
  [/\b(?:restore|recovery) points?\b/g, 'snapshot'],
  [/\bin progress\b|\bstill going\b/g, 'running'],
  [/\bsave the (?:current )?state\b/g, 'create snapshot'],
  [/\b(?:get|gets|getting|be) rid of\b/g, 'delete'],
  [/\bthrow (?:\w+ )?away\b|\bcan go\b|\bhas to go\b|\bclean up\b|\bno longer (?:need|use)d?\b|\bnot needed(?: any more)?\b/g, 'delete'],
  [/\bpull(?:ing)? the plug\b|\bpower(?:ed)? off .{0,24}?(?:at once|immediately)\b|\boff hard\b|\bforce .{0,40}?\boff\b/g, 'plug'],
  [/\b(?:shut|turn|switch|power)(?:ed|s|ing)? (?:\w+ ){0,3}?(?:down|off)\b/g, 'shutdown'],
  [/\b(?:hard reset|reset button|hardware button)\b/g, 'reset'],
  [/\b(?:spin|set|stand) up\b/g, 'create'],
  [/\b(?:fire|boot|power|bring|turn|switch) (?:\w+ ){0,2}?(?:up|on)\b/g, 'start'],
  [/\b(?:bring|get|put) (?:\w+ ){0,4}?back (?:\w+ ){0,4}?from\b/g, 'restore'],
  [/\b(?:bring|come|get) (?:\w+ ){0,4}?back up\b|\bhas to (?:run|be running)\b/g, 'start'],
  [/\b(?:roll(?:ed|s)?|go|going|put|went|revert) (?:\w+ ){0,3}?back\b|\bundo\b/g, 'rollback'],
  [/\bback(?:s|ed|ing)? up\b/g, 'backup'],
  [/\b(?:as|in) (?:a|the) (?:new|second)\b/g, 'new'],
  [/\b(?:once more|try again|another try|again)\b/g, 'retry'],
  [/\b(?:hang on|tell me when|has ended|is done|until)\b/g, 'wait'],
  [/\b(?:free )?space\b|\bhow full\b/g, 'usage'],
  [/^\s*(?:is|are|did|does|do|has|have)\b/g, 'show'],
];

const GROUPS: Readonly<Record<string, string>> = {
  show: 'describe details enumerate info list lists inventory get gets gimme give show shows display print report view which what whats who where when why how hows story tell ls lst lsit',
  vm: 'vms machine machines server',
  container: 'ct cts lxc',
  storage: 'storages datastore datastores',
  node: 'hypervisor host hosts hypervisors',
  delete: 'destroy destroys remove removes nuke toss drop wipe erase discard purge trash decommission',
  create: 'make makes new fresh deploy provision build',
  clone: 'copy copies duplicate duplicates identical twin',
  restart: 'reboot reboots bounce',
  start: 'boot boots launch wake',
  stop: 'plug halt off down kill',
  update: 'change changes grow grows resize raise increase give',
  rollback: 'revert reverts',
  backup: 'vzdump saved archive',
  image: 'isos iso media medium',
  template: 'templates',
  memory: 'ram swap',
  cpu: 'cpus core cores',
  ip: 'address addresses reach reachable ips',
  key: 'keys authorized public pubkey',
  config: 'configuration configured configure settings setting enabled features',
  execute: 'run runs command commands exec output processes',
  retry: 'rerun reruns repeat',
  cancel: 'abort aborts interrupt',
  wait: 'finish finished finishes poll polls end ends ended',
  download: 'fetch fetches grab url link web internet',
  cluster: 'quorum quorate',
  history: 'record recorded happened',
  status: 'state',
  fail: 'failed fails failure',
  usage: 'room full used free load loaded',
  snapshot: 'snapshots checkpoint checkpoints',
  restore: 'restores recover recovers',
  job: 'jobs task tasks',
};

/** What people say for the words that operations are described with: everything in a row counts as its first word. */
export const SAME_WORDS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(GROUPS).flatMap(([word, others]) => [word, ...listOf(others)].map((other) => [other, [word]] as const)),
);
