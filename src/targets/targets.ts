import { crontab } from './crontab.js';
import { kubernetes } from './kubernetes.js';
import { systemd } from './systemd.js';
import type { Target } from './target.js';

/** Every scheduler target that `rtn generate --target` knows. Adding one is its file and a line here. */
export const TARGETS: readonly Target[] = [crontab, systemd, kubernetes];
