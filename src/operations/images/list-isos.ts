import { z } from 'zod';
import { defineQuery } from '../define.ts';
import { imageFilters, imagePage, pageOfImages, textOfImages } from './image-list.ts';

export const listIsos = defineQuery({
  name: 'list_isos',
  title: 'List ISO images',
  description: 'List ISO images, or with content=import the cloud images that create_vm can import.',
  input: imageFilters.extend({ content: z.enum(['iso', 'import']).default('iso').describe('import: cloud images.') }),
  output: imagePage,
  permissions: { '/storage': ['Datastore.Audit'] },
  text: (page, { content }) => textOfImages(page, content === 'iso' ? 'ISO image' : 'image to import'),
  run: async ({ input, pve }) =>
    pageOfImages(await pve.findContent({ content: input.content, node: input.node, storage: input.storage }), input),
});
