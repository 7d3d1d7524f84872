"""What a mistake in a setting gets, word for word."""

import pytest

from tests.config.conftest import BASE, Errors
from tests.config.listed import ACTIVATIONS, LAYERS, LOSSES, OPTIMIZERS

TWO_MISTAKES = """\
# The example of the config reference.
name: iris
data:
  path: ../datasets/iris.csv
  target: species
network:
  - {type: dense, units: 16, activation: relu}
  - {type: dense, units: auto, activation: auto}


loss: cross_entropy
optimizer:
  type: adam
  learning_rat: 0.01

# How long.
training:
  epochs: 0
"""


def test_all_mistakes_at_once(errors: Errors) -> None:
    assert errors(TWO_MISTAKES) == (
        "a.yaml:14:3: unknown key 'learning_rat' in optimizer (adam)\n"
        "   14 |   learning_rat: 0.01\n"
        "      |   ^^^^^^^^^^^^ did you mean 'learning_rate'?\n"
        "a.yaml:18:11: training.epochs must be at least 1, got 0\n"
        "   18 |   epochs: 0\n"
        "      |           ^\n"
        "2 errors in a.yaml"
    )


# (line 3 of the config, what is said about it, where the caret is with its hint)
MISTAKES = {
    "unknown key": (
        "training: {epoch: 3}",
        "12: unknown key 'epoch' in training",
        "           ^^^^^ did you mean 'epochs'?",
    ),
    "a key that nothing resembles": (
        "runtime: {colour: 3}",
        "11: unknown key 'colour' in runtime",
        "          ^^^^^^ allowed: threads, shards",
    ),
    "a key by its other name": (
        "optimizer: {type: sgd, lr: 0.1}",
        "24: unknown key 'lr' in optimizer (sgd)",
        "                       ^^ did you mean 'learning_rate'?",
    ),
    "a key of another type": (
        "optimizer: {type: adam, momentum: 0.9}",
        "25: unknown key 'momentum' in optimizer (adam)",
        "                        ^^^^^^^^ 'momentum' is a setting of sgd, rmsprop",
    ),
    "a key of another section": (
        "epochs: 3",
        "1: unknown key 'epochs' at the top level",
        "^^^^^^ did you mean 'training.epochs'?",
    ),
    "another name at the top": (
        "lr: 3",
        "1: unknown key 'lr' at the top level",
        "^^ did you mean 'optimizer.learning_rate'?",
    ),
    "a key in another case": (
        "Loss: huber",
        "1: unknown key 'Loss' at the top level",
        "^^^^ did you mean 'loss'?",
    ),
    "a number as key": (
        "runtime: {1: 2}",
        "11: unknown key '1' in runtime",
        "          ^ allowed: threads, shards",
    ),
    "text for an integer": (
        "training: {epochs: abc}",
        "20: training.epochs must be an integer, got 'abc'",
        "                   ^^^",
    ),
    "quotes for an integer": (
        "training: {epochs: '10'}",
        "20: training.epochs must be an integer, got '10'",
        "                   ^^^^ write 10",
    ),
    "underscores": (
        "training: {epochs: 1_000}",
        "20: training.epochs must be an integer, got '1_000'",
        "                   ^^^^^ write 1000",
    ),
    "a time": (
        "training: {epochs: 12:30}",
        "20: training.epochs must be an integer, got '12:30'",
        "                   ^^^^^",
    ),
    "a float for an integer": (
        "training: {epochs: 2.5}",
        "20: training.epochs must be an integer, got 2.5",
        "                   ^^^",
    ),
    "a huge integer": (
        "training: {epochs: 1e300}",
        "20: training.epochs must be at most 9007199254740992, got 1e+300",
        "                   ^^^^^",
    ),
    "a boolean for a number": (
        "training: {epochs: true}",
        "20: training.epochs must be an integer, got true",
        "                   ^^^^",
    ),
    "a list for a number": (
        "optimizer: {type: sgd, learning_rate: [0.1, 0.2]}",
        "39: optimizer.learning_rate must be a number, got a list",
        "                                      ^^^^^^^^^^ to try several values, list them in search.space",
    ),
    "nothing for a number": (
        "training: {epochs: }",
        "12: training.epochs must be an integer, got nothing",
        "           ^^^^^^ remove the key to take the default",
    ),
    "not finite": (
        "optimizer: {type: sgd, learning_rate: .nan}",
        "39: optimizer.learning_rate must be finite, got nan",
        "                                      ^^^^",
    ),
    "infinite by size": (
        "optimizer: {type: sgd, learning_rate: 1e999}",
        "39: optimizer.learning_rate must be finite, got inf",
        "                                      ^^^^^",
    ),
    "a lower bound": (
        "optimizer: {type: sgd, learning_rate: 0}",
        "39: optimizer.learning_rate must be above 0, got 0",
        "                                      ^",
    ),
    "two bounds": (
        "schedule: {type: power, exponent: 0.5}",
        "35: schedule.exponent must be above 0.5 and at most 1, got 0.5",
        "                                  ^^^",
    ),
    "a word and a number": (
        "training: {batch_size: ful}",
        "24: training.batch_size must be an integer or full, got 'ful'",
        "                       ^^^ did you mean 'full'?",
    ),
    "one of some words": (
        "dtype: float46",
        "8: dtype must be float32 or float64, got 'float46'",
        "       ^^^^^^^ did you mean 'float64'?",
    ),
    "yes for true": (
        "training: {shuffle: yes}",
        "21: training.shuffle must be true or false, got 'yes'",
        "                    ^^^ write true",
    ),
    "none for null": (
        "regularization: {max_norm: none}",
        "28: regularization.max_norm must be a number or null, got 'none'",
        "                           ^^^^ write null",
    ),
    "a number for text": (
        "name: 2024",
        "7: name must be a word of letters, digits and _ . + - or null, got 2024",
        "      ^^^^ put it in quotes: '2024'",
    ),
    "a name that is no file name": (
        "name: ../x",
        "7: name must be a word of letters, digits and _ . + - or null, got '../x'",
        "      ^^^^",
    ),
    "a word for a list of words": (
        "metrics: accuracy",
        "10: metrics must be a list of metrics or auto, got 'accuracy'",
        "         ^^^^^^^^ write a list: [accuracy]",
    ),
    "a number for a section": (
        "runtime: 100",
        "10: runtime must be a mapping, got 100",
        "         ^^^ keys: threads, shards",
    ),
    "a missing space": (
        "training: {epochs:10}",
        "12: unknown key 'epochs:10' in training",
        "           ^^^^^^^^^ write a space after ':'",
    ),
    "nothing for a section": (
        "training:",
        "1: training must be a mapping, got nothing",
        "^^^^^^^^ remove the key to take the default",
    ),
    "another version": (
        "version: 0",
        "10: version must be 1, got 0",
        "         ^ this nntrain reads version 1 of the config language",
    ),
    "a version that is no number of one": (
        "version: 1.5",
        "10: version must be 1, got 1.5",
        "         ^^^ this nntrain reads version 1 of the config language",
    ),
    "a newer version": (
        "version: 2",
        "10: version 2 is that of a newer nntrain",
        "         ^ this nntrain reads versions up to 1: use the nntrain that wrote it, or a later one",
    ),
    "a much newer version": (
        "version: 1.0e3",
        "10: version 1000 is that of a newer nntrain",
        "         ^^^^^ this nntrain reads versions up to 1: use the nntrain that wrote it, or a later one",
    ),
    "an unknown metric": (
        "metrics: [acuracy]",
        "11: metrics.0 must be accuracy, balanced_accuracy, precision, recall, f1, roc_auc, rmse, mae, r2 or "
        "max_error, got 'acuracy'",
        "          ^^^^^^^ did you mean 'accuracy'?",
    ),
    "an unknown monitor": (
        "early_stopping: {monitor: validation.acuracy}",
        "27: early_stopping.monitor must be validation. or training. followed by loss or a metric, "
        "got 'validation.acuracy'",
        "                          ^^^^^^^^^^^^^^^^^^ did you mean 'validation.accuracy'?",
    ),
    "a monitor without split": (
        "early_stopping: {monitor: loss}",
        "27: early_stopping.monitor must be validation. or training. followed by loss or a metric, got 'loss'",
        "                          ^^^^ did you mean 'validation.loss'?",
    ),
    "choosing by the test split": (
        "early_stopping: {monitor: test.loss}",
        "27: early_stopping.monitor must be validation. or training. followed by loss or a metric, got 'test.loss'",
        "                          ^^^^^^^^^ the test split is for the final score; "
        "what is chosen by it makes that score too good",
    ),
    "an unknown type": (
        "optimizer: {type: adamm}",
        "19: unknown type 'adamm' in optimizer",
        f"                  ^^^^^ did you mean 'adam'?\n      | types: {OPTIMIZERS}",
    ),
    "an unknown type in short": (
        "loss: mse",
        "7: unknown type 'mse' in loss",
        f"      ^^^ did you mean 'mean_squared_error'?\n      | types: {LOSSES}, auto",
    ),
    "a type that is no word": (
        "optimizer: {type: [adam]}",
        "19: optimizer.type must be a word, got a list",
        f"                  ^^^^^^ types: {OPTIMIZERS}",
    ),
    "no type": (
        "optimizer: {learning_rate: 0.1}",
        "1: missing type in optimizer",
        f"^^^^^^^^^ types: {OPTIMIZERS}",
    ),
    "the type as a key": (
        "optimizer: {adam: {learning_rate: 0.1}}",
        "1: missing type in optimizer",
        "^^^^^^^^^ write type: adam",
    ),
    "a list for a type": (
        "optimizer: [adam]",
        "12: optimizer must be a mapping with a type, got a list",
        f"           ^^^^^^ types: {OPTIMIZERS}",
    ),
    "a missing key": (
        "schedule: {type: exponential}",
        "1: missing key 'factor' in schedule (exponential)",
        "^^^^^^^^ factor is a number (above 0 and at most 1)",
    ),
    "a missing key in short": (
        "schedule: exponential",
        "1: missing key 'factor' in schedule (exponential)",
        "^^^^^^^^ factor is a number (above 0 and at most 1)",
    ),
    "nesterov alone": (
        "optimizer: {type: sgd, nesterov: true}",
        "34: optimizer.nesterov needs momentum above 0, got 0",
        "                                 ^^^^ for example momentum: 0.9",
    ),
    "seeds and folds": (
        "search: {evaluation: {seeds: 2, folds: 5}}",
        "22: search.evaluation must have either seeds or folds",
        "                     ^^^^^^^^^^^^^^^^^^^^ for example {seeds: 1} or {folds: 5}",
    ),
    "one fold": (
        "search: {evaluation: {folds: 1}}",
        "30: search.evaluation.folds must be at least 2, got 1",
        "                             ^",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(errors: Errors, mistake: str) -> None:
    line, message, caret = MISTAKES[mistake]
    assert errors(BASE + line) == f"a.yaml:3:{message}\n    3 | {line}\n      | {caret}\n1 error in a.yaml"


# (line 2 of the config, the messages)
NETWORKS = {
    "unknown layer": (
        "network: [{type: dens, units: 5}]",
        "a.yaml:2:18: unknown type 'dens' in network.0\n"
        "    2 | network: [{type: dens, units: 5}]\n"
        "      |                  ^^^^ did you mean 'dense'?\n"
        f"      | types: {LAYERS}\n",
    ),
    "misspelled and therefore missing": (
        "network: [{type: dense, unit: 5}]",
        "a.yaml:2:25: unknown key 'unit' in network.0 (dense)\n"
        "    2 | network: [{type: dense, unit: 5}]\n"
        "      |                         ^^^^ did you mean 'units'?\n",
    ),
    "missing units": (
        "network: [{type: dense}]",
        "a.yaml:2:18: missing key 'units' in network.0 (dense)\n"
        "    2 | network: [{type: dense}]\n"
        "      |                  ^^^^^ units is an integer (at least 1) or auto\n",
    ),
    "missing units in short": (
        "network: [dense]",
        "a.yaml:2:11: missing key 'units' in network.0 (dense)\n"
        "    2 | network: [dense]\n"
        "      |           ^^^^^ units is an integer (at least 1) or auto\n",
    ),
    "missing type": (
        "network: [{units: 3}]",
        "a.yaml:2:11: missing type in network.0\n"
        "    2 | network: [{units: 3}]\n"
        f"      |           ^^^^^^^^^^ types: {LAYERS}\n",
    ),
    "no layers": (
        "network: []",
        "a.yaml:2:10: network must not be empty\n    2 | network: []\n      |          ^^\n",
    ),
    "not a list": (
        "network: {type: dense, units: 3}",
        "a.yaml:2:10: network must be a list of layers, got a mapping\n"
        "    2 | network: {type: dense, units: 3}\n"
        "      |          ^^^^^^^^^^^^^^^^^^^^^^^ begin each item of the list with '- '\n",
    ),
    "a bad name": (
        "network: [{type: dense, name: 1st, units: 3}]",
        "a.yaml:2:31: network.0.name must be a word of letters, digits, _ and - or null, got '1st'\n"
        "    2 | network: [{type: dense, name: 1st, units: 3}]\n"
        "      |                               ^^^\n",
    ),
    "an unknown activation": (
        "network: [{type: dense, units: 3, activation: lrelu}]",
        "a.yaml:2:47: unknown type 'lrelu' in network.0.activation\n"
        "    2 | network: [{type: dense, units: 3, activation: lrelu}]\n"
        "      |                                               ^^^^^ did you mean 'leaky_relu'?\n"
        f"      | types: {ACTIVATIONS}, auto\n",
    ),
    "uneven values": (
        "network: [{type: dense, units: 2, initializer: {values: [[1, 2], [3]]}}]",
        "a.yaml:2:66: network.0.initializer.values.1 is a list of 1 where the first beside it is a list of 2\n"
        "    2 | network: [{type: dense, units: 2, initializer: {values: [[1, 2], [3]]}}]\n"
        "      |                                                                  ^^^\n",
    ),
    "text among values": (
        "network: [{type: dense, units: 2, bias_initializer: {values: [1, x]}}]",
        "a.yaml:2:66: network.0.bias_initializer.values.1 must be a finite number\n"
        "    2 | network: [{type: dense, units: 2, bias_initializer: {values: [1, x]}}]\n"
        "      |                                                                  ^\n",
    ),
    "high below low": (
        "network: [{type: dense, units: 2, initializer: {type: uniform, low: 1, high: 0}}]",
        "a.yaml:2:78: network.0.initializer.high must be above low (1), got 0\n"
        "    2 | network: [{type: dense, units: 2, initializer: {type: uniform, low: 1, high: 0}}]\n"
        "      |                                                                              ^\n",
    ),
}


@pytest.mark.parametrize("mistake", NETWORKS)
def test_a_mistake_in_the_network(errors: Errors, mistake: str) -> None:
    line, messages = NETWORKS[mistake]
    assert errors(f"data: {{synthetic: xor}}\n{line}\n") == messages + "1 error in a.yaml"


# (line 1 of the config, the messages)
DATA = {
    "neither file nor synthetic": (
        "data: {task: binary}",
        "a.yaml:1:7: data needs path (a file) or synthetic (a computed set)\n"
        "    1 | data: {task: binary}\n"
        "      |       ^^^^^^^^^^^^^^\n",
    ),
    "both": (
        "data: {path: x.csv, synthetic: xor}",
        "a.yaml:1:32: data.synthetic is given beside data.path\n"
        "    1 | data: {path: x.csv, synthetic: xor}\n"
        "      |                                ^^^ keep one of the two\n",
    ),
    "an unknown set": (
        "data: {synthetic: spirall}",
        "a.yaml:1:19: unknown type 'spirall' in data.synthetic\n"
        "    1 | data: {synthetic: spirall}\n"
        "      |                   ^^^^^^^ did you mean 'spiral'?\n"
        "      | types: xor, and, or, nand, nor, xnor, not, gaussians, circle, moons, spiral, plane, gauss, sine\n",
    ),
    "classes of the wrong set": (
        "data: {synthetic: {type: moons, classes: 3}}",
        "a.yaml:1:42: data.synthetic.classes is for gaussians and spiral, not for moons\n"
        "    1 | data: {synthetic: {type: moons, classes: 3}}\n"
        "      |                                          ^ remove it\n",
    ),
    "a target of a synthetic set": (
        "data: {synthetic: xor, target: y}",
        "a.yaml:1:32: data.target is for files; a synthetic set brings its own inputs and targets\n"
        "    1 | data: {synthetic: xor, target: y}\n"
        "      |                                ^ remove it\n",
    ),
    "nothing left for training": (
        "data: {synthetic: moons, split: {validation: 0.5, test: 0.5}}",
        "a.yaml:1:33: data.split leaves nothing to train on: validation and test are together 0.5 + 0.5 = 1\n"
        "    1 | data: {synthetic: moons, split: {validation: 0.5, test: 0.5}}\n"
        "      |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ their sum must be below 1\n",
    ),
    "a share in percent": (
        "data: {synthetic: moons, split: {test: 20%}}",
        "a.yaml:1:40: data.split.test must be a fraction of the examples or a mapping with path, got '20%'\n"
        "    1 | data: {synthetic: moons, split: {test: 20%}}\n"
        "      |                                        ^^^ write 0.2\n",
    ),
    "a misspelled exclude": (
        "data: {path: x.csv, features: {exlude: [id]}}",
        "a.yaml:1:32: unknown key 'exlude' in data.features\n"
        "    1 | data: {path: x.csv, features: {exlude: [id]}}\n"
        "      |                                ^^^^^^ did you mean 'exclude'?\n",
    ),
    "features that are no columns": (
        "data: {path: x.csv, features: 3}",
        "a.yaml:1:31: data.features must be all, a list of column names or {exclude: [names]}, got 3\n"
        "    1 | data: {path: x.csv, features: 3}\n"
        "      |                               ^ write a list, with the name in quotes: ['3']\n",
    ),
}


@pytest.mark.parametrize("mistake", DATA)
def test_a_mistake_in_the_data(errors: Errors, mistake: str) -> None:
    line, messages = DATA[mistake]
    assert errors(f"{line}\nnetwork: [{{type: dense, units: 1}}]\n") == messages + "1 error in a.yaml"


def test_missing_sections(errors: Errors) -> None:
    assert errors("name: x\n") == (
        "a.yaml: missing section 'data'\n"
        "      | for example data: {path: iris.csv, target: species}\n"
        "a.yaml: missing section 'network'\n"
        "      | for example network: [{type: dense, units: auto, activation: auto}]\n"
        "2 errors in a.yaml"
    )


def test_the_key_is_marked_where_the_value_is_below_it(errors: Errors) -> None:
    assert errors(BASE + "training:\n  epochs:\n    - 3\n") == (
        "a.yaml:4:3: training.epochs must be an integer, got a list\n"
        "    4 |   epochs:\n"
        "      |   ^^^^^^ to try several values, list them in search.space\n"
        "1 error in a.yaml"
    )


def test_a_wrong_value_behind_an_alias_is_marked_at_the_alias(errors: Errors) -> None:
    assert errors(BASE + "seed: &n 0\ntraining: {epochs: *n}\n") == (
        "a.yaml:4:20: training.epochs must be at least 1, got 0\n"
        "    4 | training: {epochs: *n}\n"
        "      |                    ^^\n"
        "1 error in a.yaml"
    )
