import { z } from 'zod';

// The window's policy forbids code made from strings, which zod's compiled parsers are. A schema decides when it is made,
// so this has to be imported before every module that has schemas.
z.config({ jitless: true });
