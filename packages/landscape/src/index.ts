/**
 * @thalweg/landscape: the surface an optimizer walks on. Directions in parameter space, the lines and planes they span, and the loss
 * on them with its error bar.
 */
