import tseslint from 'typescript-eslint';

/** One direction for imports (DESIGN: functions -> intake | environment | sweep | diagnosis -> the rest of lib). */
const closed = (files, ...patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});
const no = (regex, message, allowTypeImports = false) => ({ regex, message, allowTypeImports });

const outside = no('(^|/)(local|test|bench)/', 'lib and functions never import local, test or bench.');
const functionsRoom = no('(^|/)functions/', 'Nothing imports functions: data flows one way.');
const uses = '(intake|environment|sweep|diagnosis|preflight|page)';
// names.ts is pure, and the only code that builds a subject
const upward = no(`\\.\\./${uses}/(?!model/names\\.ts$)`, 'An adapter knows the core by its types alone.', true);
const sdk = no('^(@azure/|@kubernetes/|@octokit/|undici)', 'The core imports no SDK: it gets its peers as deps.');
const adapters = no(
  '\\.\\./(overlays|cluster|identity|azure|github|storage|sdk)/|(^|/)deps\\.ts$',
  'The core gets its peers as deps: import no adapter.',
);
const functionsOnly = no(
  '\\.\\./lib/(?!(intake|environment|sweep|diagnosis|page|config)/|deps/(mirror|page)\\.ts|(deps|log)\\.ts)',
  'A function imports intake, environment, sweep, diagnosis, page, config, deps or log.',
);

export default tseslint.config(
  { ignores: ['dist/', 'package/', '.cache/', 'node_modules/', 'coverage/'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // peers are object literals of closures: no method here needs its `this`
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-console': ['error'],
    },
  },
  { files: ['local/**/*.ts', 'manifests/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/page/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='expect'] > AwaitExpression",
          message: 'The page may not have its data yet: eventually(() => read, expected).',
        },
        {
          selector:
            'AwaitExpression > CallExpression[callee.property.name=/^(innerText|allInnerTexts|textContent|allTextContents|innerHTML|inputValue|getAttribute|count|isVisible|isChecked|isDisabled|isEnabled)$/]',
          message: 'What is read once may be read too early: eventually(() => read, expected).',
        },
      ],
    },
  },
  closed(['functions/**/*.ts'], outside, functionsOnly),
  closed(['lib/*.ts', 'lib/{config,deps}/**/*.ts'], outside, functionsRoom),
  closed(
    ['lib/{telemetry,overlays,cluster,identity,azure,github,storage,sdk}/**/*.ts'],
    outside,
    functionsRoom,
    upward,
  ),
  closed(
    ['lib/{intake,sweep,diagnosis,page}/**/*.ts'],
    outside,
    functionsRoom,
    adapters,
    no('^@azure/functions$', 'Only functions/ knows the host.'),
  ),
  closed(
    ['lib/preflight/**/*.ts'],
    outside,
    functionsRoom,
    no('(^|/)deps[\\w-]*\\.ts$', 'Preflight gets its peers from deps.'),
    no('^@azure/functions$', 'Only functions/ knows the host.'),
  ),
  closed(
    ['lib/environment/**/*.ts'],
    outside,
    functionsRoom,
    sdk,
    adapters,
    no('\\.\\./(intake|sweep|diagnosis|page)/', 'The core is what the others use.'),
  ),
  {
    files: ['lib/environment/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance'].map((name) => ({
          name,
          message: 'The core gets time, settings and peers as deps.',
        })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Ask deps.clock.',
        },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Ask deps.clock.' },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'Ask deps.random.',
        },
      ],
    },
  },
);
