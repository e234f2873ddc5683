import { asked, countOrNone } from '../options/fields.js';

/** What is asked of serving the page, by `pxv page` too. */
export const pageFields = {
  /** 0: any that is free. Default: 0. */
  port: asked(countOrNone.max(65_535).default(0), 'number', 'port of this machine; 0: any that is free', {
    most: 65_535,
  }),
};
