import * as nd from '@nadir/tensor';
import { of, type OperationCase } from './operation-case.ts';

const images = of([2, 4, 5, 6]);

export const contractionCases: readonly OperationCase[] = [
  { name: 'matmul', inputs: [of([2, 3]), of([3, 4])], torch: 'a @ b', run: (a, b) => nd.matmul(a!, b!) },
  { name: 'matmul of vectors', inputs: [of([3]), of([3])], torch: 'a @ b', run: (a, b) => nd.matmul(a!, b!) },
  {
    name: 'matmul by a vector',
    inputs: [of([2, 3]), of([3])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of a vector',
    inputs: [of([3]), of([3, 2])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of batches',
    inputs: [of([2, 2, 3]), of([2, 3, 2])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul broadcasting batches',
    inputs: [of([2, 1, 2, 3]), of([2, 3, 2])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of a batch by a matrix',
    inputs: [of([2, 2, 3]), of([3, 2])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul transposed',
    inputs: [of([3, 2]), of([4, 3])],
    torch: 'a.T @ b.T',
    run: (a, b) => nd.matmul(a!.T, b!.T),
  },
  {
    name: 'matmul over nothing',
    inputs: [of([2, 0]), of([0, 3])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of nothing',
    inputs: [of([0, 3]), of([3, 2])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of size 1',
    inputs: [of([1, 1]), of([1, 1])],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
  },
  {
    name: 'matmul of int32',
    inputs: [of([2, 3], -9, 9, 'int32'), of([3, 2], -9, 9, 'int32')],
    torch: 'a @ b',
    run: (a, b) => nd.matmul(a!, b!),
    order: 0,
  },
  { name: 'dot', inputs: [of([4]), of([4])], torch: 'torch.dot(a, b)', run: (a, b) => nd.dot(a!, b!) },
  { name: 'outer', inputs: [of([2]), of([3])], torch: 'torch.outer(a, b)', run: (a, b) => nd.outer(a!, b!) },
  {
    name: 'einsum of matrices',
    inputs: [of([2, 3]), of([3, 2])],
    torch: "torch.einsum('ij,jk->ik', a, b)",
    run: (a, b) => nd.einsum('ij,jk->ik', a!, b!),
  },
  {
    name: 'einsum of heads',
    inputs: [of([2, 3, 2, 2]), of([2, 3, 2, 2])],
    torch: "torch.einsum('bqhd,bkhd->bhqk', a, b)",
    run: (a, b) => nd.einsum('bqhd,bkhd->bhqk', a!, b!),
  },
  {
    name: 'einsum of a diagonal',
    inputs: [of([3, 3])],
    torch: "torch.einsum('ii->i', a)",
    run: (a) => nd.einsum('ii->i', a!),
  },
  {
    name: 'einsum of a sum',
    inputs: [of([2, 3])],
    torch: "torch.einsum('ij->j', a)",
    run: (a) => nd.einsum('ij->j', a!),
  },
  {
    name: 'einsum of three',
    inputs: [of([2]), of([2, 3]), of([3])],
    torch: "torch.einsum('i,ij,j->', a, b, c)",
    run: (a, b, c) => nd.einsum('i,ij,j->', a!, b!, c!),
  },

  {
    name: 'conv2d',
    inputs: [images, of([3, 4, 3, 3])],
    torch: 'F.conv2d(a, b)',
    run: (a, b) => nd.conv2d(a!, b!),
  },
  {
    name: 'conv2d with bias, padding and stride',
    inputs: [images, of([3, 4, 3, 2]), of([3])],
    torch: 'F.conv2d(a, b, c, stride=(2, 1), padding=(1, 0))',
    run: (a, b, c) => nd.conv2d(a!, b!, { bias: c!, stride: [2, 1], padding: [1, 0] }),
  },
  {
    name: 'conv2d in groups, dilated',
    inputs: [images, of([4, 2, 2, 2])],
    torch: 'F.conv2d(a, b, dilation=2, groups=2, padding=1)',
    run: (a, b) => nd.conv2d(a!, b!, { dilation: 2, groups: 2, padding: 1 }),
  },
  {
    name: 'conv2d of each channel',
    inputs: [images, of([4, 1, 3, 3])],
    torch: 'F.conv2d(a, b, groups=4, padding=1)',
    run: (a, b) => nd.conv2d(a!, b!, { groups: 4, padding: 1 }),
  },
  {
    name: 'conv2d of the same size',
    inputs: [of([1, 2, 4, 4]), of([2, 2, 3, 3])],
    torch: "F.conv2d(a, b, padding='same')",
    run: (a, b) => nd.conv2d(a!, b!, { padding: 'same' }),
  },
  {
    name: 'conv2d of one image',
    inputs: [of([2, 4, 4]), of([2, 2, 1, 1])],
    torch: 'F.conv2d(a, b)',
    run: (a, b) => nd.conv2d(a!, b!),
  },
  {
    name: 'conv1d',
    inputs: [of([2, 3, 7]), of([2, 3, 3]), of([2])],
    torch: 'F.conv1d(a, b, c, stride=2, padding=1)',
    run: (a, b, c) => nd.conv1d(a!, b!, { bias: c!, stride: 2, padding: 1 }),
  },
  {
    name: 'convTranspose2d',
    inputs: [of([2, 3, 3, 4]), of([3, 2, 3, 3])],
    torch: 'F.conv_transpose2d(a, b)',
    run: (a, b) => nd.convTranspose2d(a!, b!),
  },
  {
    name: 'convTranspose2d with options',
    inputs: [of([1, 4, 3, 3]), of([4, 1, 3, 3]), of([2])],
    torch: 'F.conv_transpose2d(a, b, c, stride=2, padding=1, output_padding=1, groups=2)',
    run: (a, b, c) =>
      nd.convTranspose2d(a!, b!, { bias: c!, stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  },
  {
    name: 'maxPool2d',
    inputs: [images],
    torch: 'F.max_pool2d(a, 2)',
    run: (a) => nd.maxPool2d(a!, { kernelSize: 2 }),
  },
  {
    name: 'maxPool2d with options',
    inputs: [images],
    torch: 'F.max_pool2d(a, (3, 2), stride=(1, 2), padding=1, dilation=(1, 2))',
    run: (a) => nd.maxPool2d(a!, { kernelSize: [3, 2], stride: [1, 2], padding: 1, dilation: [1, 2] }),
  },
  {
    name: 'avgPool2d',
    inputs: [images],
    torch: 'F.avg_pool2d(a, 2)',
    run: (a) => nd.avgPool2d(a!, { kernelSize: 2 }),
  },
  {
    name: 'avgPool2d with padding',
    inputs: [images],
    torch: 'F.avg_pool2d(a, 3, stride=2, padding=1)',
    run: (a) => nd.avgPool2d(a!, { kernelSize: 3, stride: 2, padding: 1 }),
  },
  {
    name: 'avgPool2d without counting padding',
    inputs: [images],
    torch: 'F.avg_pool2d(a, 3, stride=2, padding=1, count_include_pad=False)',
    run: (a) => nd.avgPool2d(a!, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
  },
  {
    name: 'adaptiveAvgPool2d',
    inputs: [images],
    torch: 'F.adaptive_avg_pool2d(a, (2, 4))',
    run: (a) => nd.adaptiveAvgPool2d(a!, [2, 4]),
  },
  {
    name: 'adaptiveAvgPool2d to one',
    inputs: [images],
    torch: 'F.adaptive_avg_pool2d(a, 1)',
    run: (a) => nd.adaptiveAvgPool2d(a!, 1),
  },
];
