/** What tests of whole networks read too; every other tolerance stands in the test of its kernel. */
export const TOLERANCES = { convolution: 2e-5 };
