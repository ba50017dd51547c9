import { build, install } from './install.mjs';

// `npm run soak [-- --minutes N]`: the service under load for long. `npm run soak -- kills …`: runs that are killed again
// and again; see scripts/soak/kills.mjs.
install();
build();
await import(process.argv[2] === 'kills' ? './soak/kills.mjs' : './soak/service.mjs');
