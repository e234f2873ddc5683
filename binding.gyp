{
  'variables': {
    'avx2': ['-mavx2', '-mfma'],
    'avx512': ['<@(avx2)', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'],
    'avx512bf16': ['<@(avx512)', '-mavx512bf16'],
    'amx': ['<@(avx512bf16)', '-mamx-tile', '-mamx-bf16'],
  },
  'target_defaults': {
    'include_dirs': ['build/generated'],
    'defines': ['NAPI_VERSION=8'],
    'cflags!': ['-fno-strict-aliasing'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': [
      '-std=c++20', '-O3', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden',
      # A product and a sum are fused only where a kernel says so; the other two let the compiler use vectors of roots.
      '-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math',
    ],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'OTHER_CFLAGS': ['-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math'],
    },
  },
  # Flags belong to a target, not to a file, so each instruction set is a library of its own.
  'targets': [
    { 'target_name': 'pxv_portable', 'type': 'static_library', 'sources': ['build/generated/sets/portable.cc'] },
    {
      'target_name': 'pxv',
      'type': 'loadable_module',
      'sources': [
        'native/addon.cc',
        '<!@(node scripts/native-sources.mjs)',
      ],
      'dependencies': ['pxv_portable'],
      'conditions': [
        ['target_arch == "x64"', { 'dependencies': ['pxv_avx2', 'pxv_avx512', 'pxv_avx512bf16', 'pxv_amx'] }],
        ['target_arch == "arm64"', { 'dependencies': ['pxv_neon'] }],
      ],
    },
  ],
  'conditions': [
    ['target_arch == "x64"', {
      'targets': [
        {
          'target_name': 'pxv_avx2', 'type': 'static_library', 'sources': ['build/generated/sets/avx2.cc'],
          'cflags_cc': ['<@(avx2)'], 'xcode_settings': { 'OTHER_CFLAGS': ['<@(avx2)'] },
        },
        {
          'target_name': 'pxv_avx512', 'type': 'static_library', 'sources': ['build/generated/sets/avx512.cc'],
          'cflags_cc': ['<@(avx512)'], 'xcode_settings': { 'OTHER_CFLAGS': ['<@(avx512)'] },
        },
        {
          'target_name': 'pxv_avx512bf16', 'type': 'static_library', 'sources': ['build/generated/sets/avx512bf16.cc'],
          'cflags_cc': ['<@(avx512bf16)'], 'xcode_settings': { 'OTHER_CFLAGS': ['<@(avx512bf16)'] },
        },
        {
          'target_name': 'pxv_amx', 'type': 'static_library', 'sources': ['build/generated/sets/amx.cc'],
          'cflags_cc': ['<@(amx)'], 'xcode_settings': { 'OTHER_CFLAGS': ['<@(amx)'] },
        },
      ],
    }],
    ['target_arch == "arm64"', {
      'targets': [{ 'target_name': 'pxv_neon', 'type': 'static_library', 'sources': ['build/generated/sets/neon.cc'] }],
    }],
  ],
}
