import * as nd from '@nadir/tensor';
import { given, of, type OperationCase } from './operation-case.ts';

const { slice } = nd;
const matrix = [of([3, 4])];
const box = [of([2, 3, 4])];

export const movementCases: readonly OperationCase[] = [
  { name: 'reshape', inputs: matrix, torch: 'a.reshape(2, 6)', run: (a) => nd.reshape(a!, [2, -1]) },
  {
    name: 'reshape of a transpose',
    inputs: matrix,
    torch: 'a.T.reshape(6, 2)',
    run: (a) => nd.reshape(a!.T, [6, 2]),
  },
  {
    name: 'reshape to a scalar',
    inputs: [of([1, 1])],
    torch: 'a.reshape(())',
    run: (a) => nd.reshape(a!, []),
  },
  {
    name: 'reshape of nothing',
    inputs: [of([0, 3])],
    torch: 'a.reshape(2, 0)',
    run: (a) => nd.reshape(a!, [2, 0]),
  },
  { name: 'flatten', inputs: box, torch: 'a.flatten(1)', run: (a) => nd.flatten(a!, 1) },
  { name: 'flatten a scalar', inputs: [of([])], torch: 'a.flatten()', run: (a) => nd.flatten(a!) },
  { name: 'permute', inputs: box, torch: 'a.permute(2, 0, 1)', run: (a) => nd.permute(a!, [2, 0, 1]) },
  { name: 'transpose', inputs: box, torch: 'a.transpose(0, 2)', run: (a) => nd.transpose(a!, 0, 2) },
  { name: 'moveAxis', inputs: box, torch: 'a.movedim(0, 2)', run: (a) => nd.moveAxis(a!, 0, -1) },
  { name: 'expand', inputs: [of([3, 1])], torch: 'a.expand(2, 3, 4)', run: (a) => nd.expand(a!, [2, -1, 4]) },
  { name: 'expand a scalar', inputs: [of([])], torch: 'a.expand(2, 3)', run: (a) => nd.expand(a!, [2, 3]) },
  {
    name: 'expand to nothing',
    inputs: [of([1, 3])],
    torch: 'a.expand(0, 3)',
    run: (a) => nd.expand(a!, [0, 3]),
  },
  {
    name: 'broadcastTo',
    inputs: [of([1, 3])],
    torch: 'a.broadcast_to(2, 3)',
    run: (a) => nd.broadcastTo(a!, [2, 3]),
  },
  { name: 'squeeze', inputs: [of([1, 3, 1])], torch: 'a.squeeze()', run: (a) => nd.squeeze(a!) },
  { name: 'squeeze an axis', inputs: [of([1, 3, 1])], torch: 'a.squeeze(2)', run: (a) => nd.squeeze(a!, -1) },
  { name: 'unsqueeze', inputs: matrix, torch: 'a.unsqueeze(1)', run: (a) => nd.unsqueeze(a!, 1) },
  { name: 'flip', inputs: matrix, torch: 'a.flip(0, 1)', run: (a) => nd.flip(a!) },
  { name: 'flip an axis', inputs: matrix, torch: 'a.flip(1)', run: (a) => nd.flip(a!, 1) },
  {
    name: 'roll',
    inputs: matrix,
    torch: 'a.roll((1, -2), (0, 1))',
    run: (a) => nd.roll(a!, [1, -2], [0, 1]),
  },
  { name: 'roll of all', inputs: matrix, torch: 'a.roll(5)', run: (a) => nd.roll(a!, 5) },
  { name: 'repeat', inputs: matrix, torch: 'a.repeat_interleave(2, 1)', run: (a) => nd.repeat(a!, 2, 1) },
  {
    name: 'repeat no axis',
    inputs: [of([2, 2])],
    torch: 'a.repeat_interleave(3)',
    run: (a) => nd.repeat(a!, 3),
  },
  { name: 'tile', inputs: [of([2, 3])], torch: 'a.repeat(2, 1, 2)', run: (a) => nd.tile(a!, [2, 1, 2]) },
  { name: 'split', inputs: matrix, torch: 'a.split([1, 3], 1)', run: (a) => nd.split(a!, [1, 3], 1) },
  { name: 'split evenly', inputs: matrix, torch: 'a.split(2)', run: (a) => nd.split(a!, 2) },
  { name: 'chunk', inputs: matrix, torch: 'a.chunk(2, 1)', run: (a) => nd.chunk(a!, 2, 1) },
  {
    name: 'pad',
    inputs: matrix,
    torch: 'F.pad(a, (1, 2, 0, 1), value=0.5)',
    run: (a) =>
      nd.pad(
        a!,
        [
          [0, 1],
          [1, 2],
        ],
        0.5,
      ),
  },
  { name: 'tril', inputs: matrix, torch: 'a.tril()', run: (a) => nd.tril(a!) },
  { name: 'triu', inputs: [of([2, 3, 3])], torch: 'a.triu(1)', run: (a) => nd.triu(a!, 1) },
  { name: 'diagonal', inputs: matrix, torch: 'a.diagonal(1)', run: (a) => nd.diagonal(a!, { offset: 1 }) },
  {
    name: 'diagonal of a batch',
    inputs: [of([2, 3, 3])],
    torch: 'a.diagonal(-1, 1, 2)',
    run: (a) => nd.diagonal(a!, { offset: -1, rowAxis: 1, columnAxis: 2 }),
  },
  { name: 'trace', inputs: [of([3, 3])], torch: 'a.trace()', run: (a) => nd.trace(a!) },
  {
    name: 'concat',
    inputs: [of([2, 3]), of([2, 1]), of([2, 0])],
    torch: 'torch.cat([a, b, c], 1)',
    run: (a, b, c) => nd.concat([a!, b!, c!], 1),
  },
  {
    name: 'concat of one twice',
    inputs: [of([2, 3])],
    torch: 'torch.cat([a, a], 0)',
    run: (a) => nd.concat([a!, a!]),
  },
  {
    name: 'concat with a constant',
    inputs: [of([3], -9, 9, 'int32'), of([2])],
    torch: 'torch.cat([a.double(), b])',
    run: (a, b) => nd.concat([a!.cast('float64'), b!]),
  },
  {
    name: 'stack',
    inputs: [of([2, 3]), of([2, 3])],
    torch: 'torch.stack([a, b], 1)',
    run: (a, b) => nd.stack([a!, b!], 1),
  },
  {
    name: 'stack of scalars',
    inputs: [of([]), of([])],
    torch: 'torch.stack([a, b])',
    run: (a, b) => nd.stack([a!, b!]),
  },
  {
    name: 'meshgrid',
    inputs: [of([2]), of([3])],
    torch: "torch.meshgrid(a, b, indexing='ij')",
    run: (a, b) => nd.meshgrid([a!, b!]),
  },
  {
    name: 'meshgrid xy',
    inputs: [of([2]), of([3])],
    torch: "torch.meshgrid(a, b, indexing='xy')",
    run: (a, b) => nd.meshgrid([a!, b!], { indexing: 'xy' }),
  },

  { name: 'at a row', inputs: matrix, torch: 'a[1]', run: (a) => nd.at(a!, 1) },
  {
    name: 'at ranges',
    inputs: matrix,
    torch: 'a[1:, ::2]',
    run: (a) => nd.at(a!, slice(1), slice(null, null, 2)),
  },
  {
    name: 'at a backward range',
    inputs: matrix,
    torch: 'a.flip(1)[:, ::2]',
    run: (a) => nd.at(a!, slice(), slice(null, null, -2)),
  },
  {
    name: 'at the last, a new axis',
    inputs: box,
    torch: 'a[..., None, -1]',
    run: (a) => nd.at(a!, '...', null, -1),
  },
  {
    name: 'at indices',
    inputs: [of([3, 4]), given([2, 0, 2], 'int32')],
    torch: 'a[b.long()]',
    run: (a, b) => nd.at(a!, b!),
  },
  {
    name: 'at two index tensors',
    inputs: [of([3, 4]), given([[2], [0]], 'int32'), given([1, -1], 'int32')],
    torch: 'a[b.long(), c.long()]',
    run: (a, b, c) => nd.at(a!, b!, c!),
  },
  {
    name: 'at index tensors apart',
    inputs: [of([3, 2, 4]), given([2, 0], 'int32'), given([1, 1], 'int32')],
    torch: 'a[b.long(), :, c.long()]',
    run: (a, b, c) => nd.at(a!, b!, slice(), c!),
  },
  { name: 'at a mask', inputs: matrix, torch: 'a[a > 0]', run: (a) => nd.at(a!, a!.gt(0)) },
  {
    name: 'maskedSelect',
    inputs: [of([2, 3]), of([3], 0, 1, 'bool')],
    torch: 'torch.masked_select(a, b)',
    run: (a, b) => nd.maskedSelect(a!, b!),
  },
  {
    name: 'nonzero',
    inputs: [
      given([
        [1, 0],
        [0, 2],
      ]),
    ],
    torch: 'torch.nonzero(a)',
    run: (a) => nd.nonzero(a!),
    order: 0,
  },
  {
    name: 'oneHot',
    inputs: [given([2, 0], 'int32')],
    torch: 'F.one_hot(a.long(), 3).float()',
    run: (a) => nd.oneHot(a!, 3),
    order: 0,
  },
  {
    name: 'take',
    inputs: [
      of([3, 4]),
      given(
        [
          [3, 0],
          [-1, 3],
        ],
        'int32',
      ),
    ],
    torch: 'a[:, b.long()]',
    run: (a, b) => nd.take(a!, b!, 1),
  },
  {
    name: 'take one',
    inputs: [of([3, 4]), given(1, 'int32')],
    torch: 'a[b.long()]',
    run: (a, b) => nd.take(a!, b!, 0),
  },
  {
    name: 'take none',
    inputs: [of([3, 4]), { shape: [0], dtype: 'int32' }],
    torch: 'a[b.long()]',
    run: (a, b) => nd.take(a!, b!, 0),
  },
  {
    name: 'take of all',
    inputs: [of([3, 4]), given([11, 0, 11], 'int32')],
    torch: 'torch.take(a, b.long())',
    run: (a, b) => nd.take(a!, b!),
  },
  {
    name: 'takeAlongAxis',
    inputs: [
      of([3, 4]),
      given(
        [
          [0, 3],
          [1, 1],
          [2, 0],
        ],
        'int32',
      ),
    ],
    torch: 'torch.gather(a, 1, b.long())',
    run: (a, b) => nd.takeAlongAxis(a!, b!, 1),
  },
  {
    name: 'takeAlongAxis of rows',
    inputs: [of([3, 4]), given([[2, 0, 0]], 'int32')],
    torch: 'torch.gather(a, 0, b.long())',
    run: (a, b) => nd.takeAlongAxis(a!, b!, 0),
  },
  {
    name: 'scatterAdd',
    inputs: [
      of([3, 4]),
      given(
        [
          [0, 3, 0],
          [1, 1, 1],
        ],
        'int32',
      ),
      of([2, 3]),
    ],
    torch: 'a.scatter_add(1, b.long(), c)',
    run: (a, b, c) => nd.scatterAdd(a!, 1, b!, c!),
  },
  {
    name: 'scatterAdd to rows',
    inputs: [
      of([3, 2]),
      given(
        [
          [2, 0],
          [2, 1],
        ],
        'int32',
      ),
      of([2, 2]),
    ],
    torch: 'a.scatter_add(0, b.long(), c)',
    run: (a, b, c) => nd.scatterAdd(a!, 0, b!, c!),
  },
  {
    name: 'indexPut',
    inputs: [of([3, 4]), given([2, 0], 'int32'), of([4])],
    torch: 'a.index_put((b.long(),), c)',
    run: (a, b, c) => nd.indexPut(a!, [b!], c!),
  },
  {
    name: 'indexPut adding',
    inputs: [of([3]), given([2, 0, 2], 'int32'), of([3])],
    torch: 'a.index_put((b.long(),), c, accumulate=True)',
    run: (a, b, c) => nd.indexPut(a!, [b!], c!, { accumulate: true }),
  },
  { name: 'sort', inputs: matrix, torch: 'torch.sort(a, 1).values', run: (a) => nd.sort(a!).values },
  {
    name: 'sort downwards',
    inputs: matrix,
    torch: 'torch.sort(a, 0, descending=True).values',
    run: (a) => nd.sort(a!, 0, { descending: true }).values,
  },
  {
    name: 'sort indices',
    inputs: matrix,
    torch: 'torch.sort(a, 1).indices',
    run: (a) => nd.sort(a!).indices,
    order: 0,
  },
  { name: 'argsort', inputs: matrix, torch: 'torch.argsort(a, 0)', run: (a) => nd.argsort(a!, 0), order: 0 },
  { name: 'topk', inputs: matrix, torch: 'torch.topk(a, 2, 1).values', run: (a) => nd.topk(a!, 2).values },
  {
    name: 'topk of the smallest',
    inputs: matrix,
    torch: 'torch.topk(a, 2, 0, largest=False).values',
    run: (a) => nd.topk(a!, 2, 0, { largest: false }).values,
  },
];
