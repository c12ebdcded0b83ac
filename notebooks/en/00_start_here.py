# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Start here: watch a network learn
#
# You will train a convolutional network on real handwritten digits and watch the engine do it: the
# computation graph, the device of every operator, the memory each step takes and reuses, and the
# loss as it falls. You need Python and a little calculus, no GPU and no network connection.
# It takes under two minutes.
#
# Run the cells from top to bottom with Shift+Enter.

# %%
import dlstudio as mx
from dlstudio import autograd, gluon, nd, widgets as ui
from dlstudio.gluon import nn

mx.random.seed(1)
digits = {split: gluon.data.datasets.digits(train=split == "train") for split in ("train", "test")}

# %% [markdown]
# ## Look at the data
#
# Five thousand digits that people wrote by hand, 28 by 28 pixels: 400 of each class to learn from,
# 100 of each to test with.

# %%
from matplotlib.figure import Figure


def show(images, titles):
    figure = Figure(figsize=(10, 1.4), layout="constrained")
    for axes, image, title in zip(figure.subplots(1, 10), images, titles):
        axes.imshow(image.asnumpy().squeeze(), cmap="gray_r")
        axes.set(title=title, xticks=[], yticks=[])
    return figure


show(*zip(*[digits["train"][i] for i in range(10)]))

# %% [markdown]
# ## Define a network
#
# Two convolutions find strokes and corners, three dense layers decide which digit they make. This is
# LeNet (LeCun and others, 1998).

# %%
net, features, classifier = (nn.HybridSequential(prefix=f"{name}_") for name in ("lenet", "features", "classifier"))
features.add(nn.Conv2D(8, kernel_size=5, padding=2, activation="relu"), nn.MaxPool2D(2),
             nn.Conv2D(16, kernel_size=5, activation="relu"), nn.MaxPool2D(2), nn.Flatten())
classifier.add(nn.Dense(120, activation="relu"), nn.Dense(84, activation="relu"), nn.Dense(10))
net.add(features, classifier)
net.initialize(mx.init.Xavier())

from dlstudio.gluon.data.vision.transforms import Compose, RandomCrop, ToTensor
prepare = {"train": Compose([RandomCrop(28, pad=2), ToTensor()]), "test": ToTensor()}  # shifted a little, as floats
loaders = {split: gluon.data.DataLoader(dataset.transform_first(prepare[split]), batch_size=32, shuffle=split == "train")
           for split, dataset in digits.items()}
data, label = next(iter(loaders["train"]))

# %% [markdown]
# ## See its graph
#
# Click a block to open it, click an operator to see its shapes, its bytes and the line of code that
# made it. Not hybridized, the network is Python code that runs operator after operator.

# %%
ui.GraphView(net, data=data)

# %% [markdown]
# `hybridize()` lets the engine see the whole network before it runs. It can then plan: fuse
# operators, choose an order, reuse memory. Colours now show how many bytes each result takes.

# %%
net.hybridize()
ui.GraphView(net, data=data, depth=2, overlay="bytes")

# %% [markdown]
# ## Split it over two devices
#
# `cpu(0)` and `cpu(1)` are real, separate devices to the engine. We put the convolutions on the first
# and the classifier on the second; the engine adds the copies between them.

# %%
with mx.AttrScope(ctx_group="convolutions"):
    strokes = features(mx.sym.var("data"))
with mx.AttrScope(ctx_group="decision"):
    scores = classifier(strokes)
placed = scores.simple_bind(mx.cpu(0), data=data.shape, group2ctx={"convolutions": mx.cpu(0), "decision": mx.cpu(1)})
ui.GraphView(placed, depth=2, overlay="device")

# %%
display(ui.DeviceView())
for _ in range(5):
    placed.forward(data=data)

# %% [markdown]
# ## Train, and watch
#
# The monitor works while the cell runs: pause it, step through it, change the learning rate. Below it,
# the memory map shows every buffer being taken and given back. After ten epochs the cell itself lowers
# the rate, to settle into the valley it has found. Before you run it: what will happen to the loss if
# you drag the learning rate to its maximum?

# %%
objective = gluon.loss.SoftmaxCrossEntropyLoss()
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.02, "momentum": 0.9})
monitor = ui.TrainingMonitor(trainer=trainer)
for data, label in monitor.track(loaders["train"], epochs=14):
    with autograd.record():
        scores = net(data)
        loss = objective(scores, label)
    loss.backward()
    trainer.step(len(data))
    if monitor.steps == 1: display(ui.MemoryView(net))  # now that there is a plan for training
    if monitor.steps == 1250: monitor.lr = 0.003  # small steps at the end
    monitor.log(loss=loss.mean(), accuracy=(scores.argmax(axis=1) == label.astype("float32")).mean())

# %% [markdown]
# ## Test it on digits it has never seen

# %%
answers = nd.concat(*[net(data).argmax(axis=1) for data, _ in loaders["test"]], dim=0)
truth = nd.array([label for _, label in digits["test"]])
accuracy = (answers == truth).mean().asscalar()
print(f"test accuracy: {accuracy:.1%}")
assert accuracy >= 0.97

# %%
wrong = [i for i in range(len(truth)) if answers[i] != truth[i]][:10]
show([digits["test"][i][0] for i in wrong], [f"{int(truth[i].asscalar())} seen as {int(answers[i].asscalar())}" for i in wrong])

# %% [markdown]
# ## Read the plan
#
# This is the program that ran: plain Python, generated from the graph. Each line names the buffer it
# writes, how large it is, whose memory it was before, and the line of this notebook it came from.

# %%
print(net.plan(train=True).source)

# %% [markdown]
# ## Save, load, and take the picture with you

# %%
net.save_parameters("lenet.params")
net.load_parameters("lenet.params")
view = ui.GraphView(net, data=data, depth=2)
print(view.to_file("lenet.svg"), view.to_file("lenet.pdf"))

# %% [markdown]
# **What to try next.** Change the number of filters and watch the memory map. Remove `hybridize()` and
# compare the graphs. Give the second convolution a kernel of 3 and read the error message, if there is one.
