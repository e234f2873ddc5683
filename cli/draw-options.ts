/** What the help says of drawing images. */
export const ABOUT_TEMPERATURE = `
--temperature below 1 keeps what is drawn from a mixture near its means, which lie where the model expects the pixel; of other
heads it prefers the likeliest levels.

--temperature 0 shows no typical picture: the likeliest level of one sub-pixel after another leads into flat areas and
repetitions, for what is likeliest in each place is hardly ever seen everywhere at once. It is there to compare.`;

/** What the help says of drawing futures of clips. */
export const ABOUT_FUTURES = `${ABOUT_TEMPERATURE}

Futures are drawn as the model's file says. Where it says nothing, a mixture about the expected frame is drawn from at a
temperature of 0.95, and the frames after a drawn one are predicted from the expected frame and a quarter of what the
draw has beyond it, so that what was drawn wrong fades. --temperature is that of the first drawn frame; later ones may
be warmer.`;
