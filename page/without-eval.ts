import { z } from 'zod';

// The page's content security policy forbids `eval`, which zod would test for.
z.config({ jitless: true });
