import { build, install } from './install.mjs';

// `npm run quickstart` on a fresh clone: only what Node brings until everything is installed and built.
install();
build();
const { quickstart } = await import('./quickstart/main.mjs');
process.exitCode = await quickstart();
