"""The prose of docs/config.md: what stands before and after the tables."""

EXAMPLE = """\
name: iris                      # used in the run directory's name; default: the file's stem
seed: 0
dtype: float32                  # or float64

data:
  path: ../datasets/iris.csv    # relative to this file; the format goes by the name
  target: species               # one column, or a list of columns (several outputs)
  task: auto                    # classification | binary | multilabel | regression
  features: all                 # or a list of columns, or {exclude: [id]}
  split: {validation: 0.2, test: 0.2, stratify: auto}   # or `validation: {path: …}`
  preprocess: {numeric: standard, categorical: one_hot, missing: error}

network:                        # a list of layers, in order; `type` chooses
  - {type: dense, name: hidden, units: 16, activation: relu, initializer: he_normal}
  - {type: dropout, rate: 0.2}
  - {type: dense, name: output, units: auto, activation: auto}   # as the task wants

loss: auto
optimizer: {type: adam, learning_rate: 0.01}
schedule: {type: inverse_time, decay: 0.05, constant_epochs: 5}
regularization: {l1: 0.0, l2: 1.0e-4, max_norm: null, clip_norm: null}
training: {epochs: 200, batch_size: 16, shuffle: true}
early_stopping: {monitor: validation.loss, patience: 20, min_delta: 1.0e-4, restore_best: true}
metrics: [accuracy]
runtime: {threads: auto, shards: auto}

search:                         # read by gridsearch only
  space:                        # keys are dotted config paths
    optimizer.learning_rate: [0.001, 0.01, 0.1]        # a list: every value
    network.hidden.units: [4, 8, 16]                   # a layer by its name or its position
    regularization.l2: {log_uniform: [1.0e-6, 1.0e-1]} # a distribution: random search
  strategy: {type: random, trials: 50}
  evaluation: {folds: 5}        # or {seeds: 1}
  monitor: validation.loss      # what the best point is best in
"""

OPENING = f"""
<!-- Written by `python -m nntrain.config.reference > docs/config.md`. Change the models, not this file. -->

# The config reference

An experiment is one YAML file. Only `data` and `network` must be given; everything else has a default. A key that is
not in the tables below is an error. Paths of files are relative to the config file.

```yaml
{EXAMPLE}```

## Rules

**Short forms.** Where a section has a `type`, its bare name stands for it with all defaults: `optimizer: sgd` is
`optimizer: {{type: sgd}}`, and `- flatten` is a whole layer.

**Values.** Words are read as in YAML 1.2. `true` and `false` are the booleans; `yes`, `no`, `on` and `off` are text.
`1e-4` is a number, `012` is 12, and `12:30` and dates are text. A whole number may be written as a float
(`epochs: 1e3`). Numbers must be finite. Anchors and aliases work; tags, merge keys (`<<`) and several documents in a
file do not. A file has at most 1 MiB, 100 000 values and 32 levels.

**Changing one setting.** `--set optimizer.learning_rate=0.1` puts a value at a dotted path, checked like the file. The
value is YAML. A layer goes by its position or its name: `--set network.0.units=8`, `--set network.hidden.units=8`.
`--set optimizer=sgd` replaces the section; `--set optimizer.type=sgd` keeps its other settings, and those that `sgd`
does not have are errors. A section that the file leaves out is made, of its default type.

**Mistakes.** All of them are reported at once, and nothing is created:

```
configs/iris.yaml:14:3: unknown key 'learning_rat' in optimizer (adam)
   14 |   learning_rat: 0.01
      |   ^^^^^^^^^^^^ did you mean 'learning_rate'?
configs/iris.yaml:18:11: training.epochs must be at least 1, got 0
   18 |   epochs: 0
      |           ^
2 errors in configs/iris.yaml
```

**Versions.** `version: 1` at the top says which version of this language a config is written in; one that does not say
is taken for the present one, and one of a newer version is refused. `nntrain migrate old.yaml --in-place` rewrites a
config of an older version line by line, so that comments and layout stay, and keeps the old text as `old.yaml.bak`;
without `--in-place` it prints the new text.

**Editors.** `nntrain schema > nntrain.schema.json` writes a JSON Schema; an editor that knows it completes and checks
as you type. With the YAML language server, put this at the top of a config:
`# yaml-language-server: $schema=nntrain.schema.json`

In the tables, settings with \\* may differ between networks that are trained together, so a search over them is cheap.
A search over the others trains one group of networks after the other.
"""

CLOSING = """
## Terms and formulas

The cost is J(θ) = (1/n) Σ L(f(xᵢ), yᵢ) + λ Ω(θ): the mean loss over n examples, and penalties on the weights.

| term | meaning |
|---|---|
| α, learning rate | θ ← θ − α g with the gradient g of the cost over a batch |
| epoch | one pass over the training examples |
| iteration | one update, from one batch; the last batch of an epoch may be smaller, and counts by its size |
| `l2` | λ Σ‖W‖²_F, gradient 2λW; weights, not biases |
| `l1` | λ Σ\\|W\\| as a proximal step, W ← sign(W) max(0, \\|W\\| − αλ) after the update; weights become exactly 0 |
| `max_norm` | after the update, the weights into a unit are scaled down to this norm where theirs is larger |
| `clip_norm` | before the update, the gradient is scaled down to this norm where its own is larger |
| momentum | v ← β v + g, θ ← θ − α v; Nesterov: θ ← θ − α (g + β v) |
| `inverse_time` | α / (1 + δ t), t the epochs after `constant_epochs` |
| `power` | α / t^δ with δ in (0.5, 1], t the epochs after `constant_epochs` |
| `glorot_uniform` | U(−a, a) with a = √6 / √(H_k + H_{k+1}), the units of the two layers that the weights join |
| validation examples | decide about early stopping, the plateau schedule and the search; never trained on |
| test examples | give the final score; nothing is decided by them |
"""
