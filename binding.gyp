{
  'target_defaults': {
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
    {
      'target_name': 'pxv_portable',
      'type': 'static_library',
      'sources': ['<!@(node -p "[\'kernels\', \'engine\'].flatMap((d) => fs.readdirSync(\'native/\' + d).filter((f) => f.endsWith(\'_portable.cc\')).map((f) => \'native/\' + d + \'/\' + f)).join(\' \')")'],
    },
    {
      'target_name': 'pxv',
      'type': 'loadable_module',
      'sources': [
        'native/addon.cc',
        'native/convolution_plan.cc',
        'native/engine/binding.cc',
        'native/engine/draw.cc',
        'native/engine/drawing.cc',
        'native/engine/engine.cc',
        'native/engine/mixture.cc',
        'native/engine/pixel_by_pixel.cc',
        'native/engine/product.cc',
        'native/engine/program.cc',
        'native/engine/schedule.cc',
        'native/filter_gradient_plan.cc',
        'native/float_memory.cc',
        'native/local_regression.cc',
        'native/registry.cc',
        'native/scratch.cc',
        'native/template_matching.cc',
        'native/thread_pool.cc',
        'native/walk_plan.cc',
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
          'target_name': 'pxv_avx2',
          'type': 'static_library',
          'sources': ['<!@(node -p "[\'kernels\', \'engine\'].flatMap((d) => fs.readdirSync(\'native/\' + d).filter((f) => f.endsWith(\'_avx2.cc\')).map((f) => \'native/\' + d + \'/\' + f)).join(\' \')")'],
          'cflags_cc': ['-mavx2', '-mfma'],
          'xcode_settings': { 'OTHER_CFLAGS': ['-mavx2', '-mfma'] },
        },
        {
          'target_name': 'pxv_avx512',
          'type': 'static_library',
          'sources': ['<!@(node -p "[\'kernels\', \'engine\'].flatMap((d) => fs.readdirSync(\'native/\' + d).filter((f) => f.endsWith(\'_avx512.cc\')).map((f) => \'native/\' + d + \'/\' + f)).join(\' \')")'],
          'cflags_cc': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'],
          'xcode_settings': { 'OTHER_CFLAGS': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'] },
        },
        {
          'target_name': 'pxv_avx512bf16',
          'type': 'static_library',
          'sources': ['<!@(node -p "fs.readdirSync(\'native/kernels\').filter((f) => f.endsWith(\'_avx512bf16.cc\')).map((f) => \'native/kernels/\' + f).join(\' \')")'],
          'cflags_cc': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mavx512bf16'],
          'xcode_settings': { 'OTHER_CFLAGS': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mavx512bf16'] },
        },
        {
          'target_name': 'pxv_amx',
          'type': 'static_library',
          'sources': ['<!@(node -p "fs.readdirSync(\'native/kernels\').filter((f) => f.endsWith(\'_amx.cc\')).map((f) => \'native/kernels/\' + f).join(\' \')")'],
          'cflags_cc': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mavx512bf16', '-mamx-tile', '-mamx-bf16'],
          'xcode_settings': { 'OTHER_CFLAGS': ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mavx512bf16', '-mamx-tile', '-mamx-bf16'] },
        },
      ],
    }],
    ['target_arch == "arm64"', {
      'targets': [
        {
          'target_name': 'pxv_neon',
          'type': 'static_library',
          'sources': ['<!@(node -p "[\'kernels\', \'engine\'].flatMap((d) => fs.readdirSync(\'native/\' + d).filter((f) => f.endsWith(\'_neon.cc\')).map((f) => \'native/\' + d + \'/\' + f)).join(\' \')")'],
        },
      ],
    }],
  ],
}
