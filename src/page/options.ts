import { withFlag, nonNegativeInteger } from '../options/fields.js';

/** What is asked of serving the page, by `pxv page` too. */
export const pageFields = {
  /** 0: any that is free. Default: 0. */
  port: withFlag(nonNegativeInteger.max(65_535).default(0), 'number', 'port of this machine; 0: any that is free', {
    max: 65_535,
  }),
};
