import { byteSize, type ConvolutionAttributes, type Shape } from '@nadir/tensor';
import {
  call,
  f32,
  f64,
  i32,
  memory,
  select,
  v128,
  f32x4,
  f64x2,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { bufferOf, pointerTo, scratchStart, type Lowering } from './lowering.ts';

/** The sizes of a convolution of [channels, height, width] to [filters, outHeight, outWidth]. */
interface Geometry extends ConvolutionAttributes {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly bytes: 4 | 8;
}

type ConvolutionNode = Extract<
  PrimitiveKernel['node'],
  { primitive: 'conv' | 'convInputGrad' | 'convWeightGrad' }
>;

function geometryOf(kernel: PrimitiveKernel): Geometry {
  const node = kernel.node as ConvolutionNode;
  const [first, second] = kernel.operands.map((view) => view.shape) as [Shape, Shape];
  const result = node.type.shape;
  const [image, weight, out] =
    node.primitive === 'conv'
      ? [first, second, result]
      : node.primitive === 'convInputGrad'
        ? [result, second, first]
        : [first, result, second];
  return {
    ...node.attributes,
    batch: image[0]!,
    channels: image[1]!,
    height: image[2]!,
    width: image[3]!,
    filters: weight[0]!,
    kernel: [weight[2]!, weight[3]!],
    outHeight: out[2]!,
    outWidth: out[3]!,
    bytes: byteSize(node.type.dtype) as 4 | 8,
  };
}

function tapsOf({ channels, groups, kernel }: Geometry): number {
  return (channels / groups) * kernel[0] * kernel[1];
}

/** Bytes of the patches of one group of one image: one row for each tap, one column for each output place. */
export function patchBytes(kernel: PrimitiveKernel): number {
  const geometry = geometryOf(kernel);
  const bytes = tapsOf(geometry) * geometry.outHeight * geometry.outWidth * geometry.bytes;
  return Math.ceil(bytes / 16) * 16;
}

/** Whether the patches of an image are the image itself. */
function isPointwise({ kernel, stride, padding, height, width, outHeight, outWidth }: Geometry): boolean {
  return (
    kernel[0] === 1 &&
    kernel[1] === 1 &&
    stride[0] === 1 &&
    stride[1] === 1 &&
    padding.flat().every((size) => size === 0) &&
    height === outHeight &&
    width === outWidth
  );
}

/** Moves one run of `count` elements between a row of an image and a row of patches. */
type Run = (image: Local<'i32'>, patch: Local<'i32'>, count: Local<'i32'>) => void;

/** The first of the places 0 … count of one axis whose tap lies inside the image, and one past the last. */
function inside(
  f: FunctionBuilder,
  tap: Local<'i32'>,
  count: number,
  stride: number,
  dilation: number,
  before: number,
  size: number,
): readonly [Local<'i32'>, Local<'i32'>] {
  const least = (a: Expression<'i32'>, b: number): Local<'i32'> => {
    const value = f.let(a);
    return f.let(select(i32.ltS(value, b), value, i32.const(b)));
  };
  const reach = f.let(i32.mul(tap, dilation));
  const gap = f.let(i32.sub(before, reach));
  const first = least(
    select(i32.gtS(gap, 0), i32.divS(i32.add(gap, stride - 1), stride), i32.const(0)),
    count,
  );
  const room = f.let(i32.add(gap, size - 1));
  const end = least(select(i32.ltS(room, 0), i32.const(0), i32.add(i32.divS(room, stride), 1)), count);
  f.set(end, select(i32.gtS(first, end), first, end));
  return [first, end];
}

/**
 * Goes through the patches of one group of one image, row of taps by row of taps: `outside` clears places in the padding,
 * `run` treats those inside the image, which begin at `image` and at `patch`.
 */
function walkPatches(
  f: FunctionBuilder,
  geometry: Geometry,
  image: Local<'i32'>,
  patches: Local<'i32'>,
  outside: ((patch: Local<'i32'>, count: Expression<'i32'>) => void) | null,
  run: Run,
): void {
  const { channels, groups, height, width, kernel, outHeight, outWidth, stride, padding, dilation, bytes } =
    geometry;
  const plane = f.let(image);
  const patch = f.let(patches);
  const [channel, tapRow, tapColumn, row] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
  const clear = (at: Local<'i32'>, count: Expression<'i32'>): void => {
    if (outside !== null) outside(at, count);
  };
  f.for(channel, { to: channels / groups }, () => {
    f.for(tapRow, { to: kernel[0] }, () => {
      f.for(tapColumn, { to: kernel[1] }, () => {
        const [first, end] = inside(f, tapColumn, outWidth, stride[1], dilation[1], padding[1][0], width);
        const shift = f.let(
          i32.sub(i32.add(i32.mul(first, stride[1]), i32.mul(tapColumn, dilation[1])), padding[1][0]),
        );
        const count = f.let(i32.sub(end, first));
        f.for(row, { to: outHeight }, () => {
          const source = f.let(
            i32.add(i32.mul(row, stride[0]), i32.sub(i32.mul(tapRow, dilation[0]), padding[0][0])),
          );
          f.if(
            i32.ltU(source, height),
            () => {
              clear(patch, first);
              const from = f.let(i32.add(plane, i32.mul(i32.add(i32.mul(source, width), shift), bytes)));
              const to = f.let(i32.add(patch, i32.mul(first, bytes)));
              // The run uses its counter up, and each row has its own.
              run(from, to, f.let(count));
              const rest = f.let(i32.add(patch, i32.mul(end, bytes)));
              clear(rest, i32.sub(outWidth, end));
            },
            () => clear(patch, i32.const(outWidth)),
          );
          f.set(patch, i32.add(patch, outWidth * bytes));
        });
      });
    });
    f.set(plane, i32.add(plane, height * width * bytes));
  });
}

function scalarCopy(bytes: 4 | 8, to: Local<'i32'>, from: Local<'i32'>): Expression<'void'> {
  return bytes === 4 ? f32.store(to, f32.load(from)) : f64.store(to, f64.load(from));
}

/** Lays out what the windows of one group of one image see. */
function unfold(f: FunctionBuilder, geometry: Geometry, image: Local<'i32'>, patches: Local<'i32'>): void {
  const { bytes, stride } = geometry;
  const lanes = 16 / bytes;
  walkPatches(
    f,
    geometry,
    image,
    patches,
    (patch, count) => {
      const left = f.let(count);
      const at = f.let(patch);
      f.while(i32.gtS(left, 0), () => {
        f.do(bytes === 4 ? f32.store(at, 0) : f64.store(at, 0));
        f.set(at, i32.add(at, bytes));
        f.set(left, i32.sub(left, 1));
      });
    },
    (from, to, count) => {
      if (stride[1] === 1) {
        f.while(i32.geS(count, lanes), () => {
          f.do(v128.store(to, v128.load(from, 0, 4), 0, 4));
          f.set(from, i32.add(from, 16));
          f.set(to, i32.add(to, 16));
          f.set(count, i32.sub(count, lanes));
        });
      }
      f.while(i32.gtS(count, 0), () => {
        f.do(scalarCopy(bytes, to, from));
        f.set(from, i32.add(from, stride[1] * bytes));
        f.set(to, i32.add(to, bytes));
        f.set(count, i32.sub(count, 1));
      });
    },
  );
}

/** Adds patches back to the places of the image that they came from. */
function foldBack(f: FunctionBuilder, geometry: Geometry, image: Local<'i32'>, patches: Local<'i32'>): void {
  const { bytes, stride } = geometry;
  const lanes = 16 / bytes;
  walkPatches(f, geometry, image, patches, null, (to, from, count) => {
    if (stride[1] === 1) {
      f.while(i32.geS(count, lanes), () => {
        const [a, b] = [v128.load(to, 0, 4), v128.load(from, 0, 4)];
        f.do(v128.store(to, bytes === 4 ? f32x4.add(a, b) : f64x2.add(a, b), 0, 4));
        f.set(from, i32.add(from, 16));
        f.set(to, i32.add(to, 16));
        f.set(count, i32.sub(count, lanes));
      });
    }
    f.while(i32.gtS(count, 0), () => {
      f.do(
        bytes === 4
          ? f32.store(to, f32.add(f32.load(to), f32.load(from)))
          : f64.store(to, f64.add(f64.load(to), f64.load(from))),
      );
      f.set(to, i32.add(to, stride[1] * bytes));
      f.set(from, i32.add(from, bytes));
      f.set(count, i32.sub(count, 1));
    });
  });
}

/** Emits a convolution or one of its gradients: for each group of each image one product with its patches. */
export function emitConvolution(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const node = kernel.node as ConvolutionNode;
  const geometry = geometryOf(kernel);
  const { batch, channels, height, width, filters, groups, outHeight, outWidth, bytes } = geometry;
  const taps = tapsOf(geometry);
  const places = outHeight * outWidth;
  const groupFilters = filters / groups;
  const { gemm } = lowering.gemm(bytes === 4 ? 'f32' : 'f64');
  const pointers = kernel.operands.map((view) => f.let(pointerTo(lowering, f, view.buffer, view.offset)));
  const result = f.let(pointerTo(lowering, f, kernel.buffer));
  const resultBytes = bufferOf(lowering, kernel.buffer).size * bytes;
  const { primitive } = node;
  // Gradients add up: over images for the weight, over windows for the images.
  const isEmpty = taps === 0 || places === 0 || batch === 0 || filters === 0;
  if (primitive !== 'conv' || isEmpty) f.do(memory.fill(result, 0, resultBytes));
  if (isEmpty) return;
  const [image, weight, out] =
    primitive === 'conv'
      ? [pointers[0]!, pointers[1]!, result]
      : primitive === 'convInputGrad'
        ? [result, pointers[1]!, pointers[0]!]
        : [pointers[0]!, result, pointers[1]!];
  const patches = f.let(scratchStart(lowering));
  const scratch = f.let(i32.add(patches, patchBytes(kernel)));
  const imageStep = (channels / groups) * height * width * bytes;
  const outStep = groupFilters * places * bytes;
  const weightStep = groupFilters * taps * bytes;
  const pointwise = isPointwise(geometry);
  const [imageAt, outAt, weightAt] = [f.let(image), f.let(out), f.local('i32')];
  const [n, g] = [f.local('i32', 'n'), f.local('i32', 'g')];
  f.for(n, { to: batch }, () => {
    f.set(weightAt, weight);
    f.for(g, { to: groups }, () => {
      const columns = pointwise ? imageAt : patches;
      if (primitive !== 'convInputGrad' && !pointwise) unfold(f, geometry, imageAt, patches);
      const common = { scratch, accumulate: 0 };
      if (primitive === 'conv') {
        f.do(
          call(gemm, {
            ...common,
            m: groupFilters,
            n: places,
            k: taps,
            a: weightAt,
            aRowStride: taps,
            aColumnStride: 1,
            b: columns,
            bRowStride: places,
            bColumnStride: 1,
            c: outAt,
            cRowStride: places,
          }),
        );
      } else if (primitive === 'convWeightGrad') {
        f.do(
          call(gemm, {
            scratch,
            accumulate: 1,
            m: groupFilters,
            n: taps,
            k: places,
            a: outAt,
            aRowStride: places,
            aColumnStride: 1,
            b: columns,
            bRowStride: 1,
            bColumnStride: places,
            c: weightAt,
            cRowStride: taps,
          }),
        );
      } else {
        f.do(
          call(gemm, {
            ...common,
            m: taps,
            n: places,
            k: groupFilters,
            a: weightAt,
            aRowStride: 1,
            aColumnStride: taps,
            b: outAt,
            bRowStride: places,
            bColumnStride: 1,
            c: columns,
            cRowStride: places,
          }),
        );
        if (!pointwise) foldBack(f, geometry, imageAt, patches);
      }
      f.set(imageAt, i32.add(imageAt, imageStep));
      f.set(outAt, i32.add(outAt, outStep));
      f.set(weightAt, i32.add(weightAt, weightStep));
    });
  });
}
