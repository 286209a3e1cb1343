import { z } from 'zod';

/** The predecessor's choice of text: lines for people, or the structured content as JSON. */
export const formatStyle = z.enum(['pretty', 'json']).default('pretty').describe('Text as lines or as JSON.');
