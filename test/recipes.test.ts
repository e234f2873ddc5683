import { readdirSync, readFileSync } from 'node:fs';
import { loadModel } from '../src/model/checkpoint.js';
import { runSchema } from '../src/training/configuration.js';

const recipes = readdirSync('recipes').filter((name) => name.endsWith('.json'));

function read(recipe: string) {
  const request = JSON.parse(readFileSync(`recipes/${recipe}`, 'utf8')) as { data?: object };
  return runSchema.parse({ data: { type: 'clips', frames: ['clips/'] }, ...request });
}

test.each(recipes)('%s is the configuration of a training', (recipe) => {
  expect(() => read(recipe)).not.toThrow();
});

test.each(['video-64', 'video-64-small'])('the recipe of %s makes what ships', (name) => {
  const { model, drawing: asked } = read(`${name}.json`);
  const { description, drawing } = loadModel(name);
  expect(model).toEqual(description);
  expect(asked).toEqual(drawing);
});
