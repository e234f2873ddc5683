import { withFlag, nonNegativeInteger } from '../../foundation/option-fields.js';

/** Schema of the options of `servePage`, which are flags of `pxv page` too. */
export const pageFields = {
  /** TCP port on the loopback interface, 0 to 65535. Default: 0, any free port. */
  port: withFlag(nonNegativeInteger.max(65_535).default(0), 'number', 'port; 0: any free port', {
    max: 65_535,
  }),
};
