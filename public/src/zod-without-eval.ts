/** zod compiles its checkers with `new Function` where it may. The page's policy forbids that: it must not even try. */
import { config } from 'zod';

config({ jitless: true });
