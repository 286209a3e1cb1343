import { z } from 'zod';

const UNICAST = /^[0-9a-fA-F][02468aceACE](?::[0-9a-fA-F]{2}){5}$/;

/** Of a network card. @see pve-common PVE/JSONSchema.pm, format mac-addr */
export const macAddress = z
  .string()
  .max(17)
  .refine((text) => UNICAST.test(text), 'must be a unicast address like BC:24:11:00:00:01');
