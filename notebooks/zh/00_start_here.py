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
# # 从这里开始：看着网络学习
#
# 你将用真实的手写数字训练一个卷积网络，并亲眼看到引擎如何工作：计算图、每个算子所在的设备、
# 每一步占用和复用的内存，以及不断下降的损失。只需要会一点 Python 和微积分，不需要 GPU，
# 也不需要联网。全部运行不到两分钟。
#
# 用 Shift+Enter 从上到下依次运行各个单元格。

# %%
import dlstudio as mx
from dlstudio import autograd, gluon, nd, widgets as ui
from dlstudio.gluon import nn

mx.random.seed(1)
digits = {split: gluon.data.datasets.digits(train=split == "train") for split in ("train", "test")}

# %% [markdown]
# ## 看看数据
#
# 五千个人手写的数字，每个 28 × 28 像素：每一类用 400 个来学习，用 100 个来测试。

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
# ## 定义网络
#
# 两个卷积层寻找笔画和拐角，三个全连接层判断它们组成哪个数字。这就是 LeNet（LeCun 等，1998）。

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
# ## 看它的计算图
#
# 点击一个块可以展开它；点击一个算子可以看到它的形状、字节数以及生成它的那行代码。
# 没有 hybridize 时，网络就是逐个运行算子的 Python 代码。

# %%
ui.GraphView(net, data=data)

# %% [markdown]
# `hybridize()` 让引擎在运行之前看到整个网络，于是它可以规划：融合算子、选择顺序、复用内存。
# 现在颜色表示每个结果占用多少字节。

# %%
net.hybridize()
ui.GraphView(net, data=data, depth=2, overlay="bytes")

# %% [markdown]
# ## 把它分到两个设备上
#
# 对引擎来说，`cpu(0)` 和 `cpu(1)` 是两个真正独立的设备。我们把卷积放在第一个设备上，
# 把分类器放在第二个设备上；它们之间的拷贝由引擎自动加入。

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
# ## 训练，并且观看
#
# 监视器在单元格运行时也能使用：可以暂停、单步执行、改变学习率。下面的内存图显示每个缓冲区何时被占用、
# 何时被归还。十轮之后，单元格自己会降低学习率，让网络在找到的谷底安定下来。
# 运行之前先想一想：如果把学习率拖到最大，损失会怎样？

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
# ## 用它从未见过的数字来测试

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
# ## 阅读执行计划
#
# 这就是刚才运行的程序：由计算图生成的普通 Python 代码。每一行都写明它写入哪个缓冲区、有多大、
# 这块内存之前属于谁，以及它来自本笔记本的哪一行。

# %%
print(net.plan(train=True).source)

# %% [markdown]
# ## 保存、加载，并把图带走

# %%
net.save_parameters("lenet.params")
net.load_parameters("lenet.params")
view = ui.GraphView(net, data=data, depth=2)
print(view.to_file("lenet.svg"), view.to_file("lenet.pdf"))

# %% [markdown]
# **接下来试试。** 改变卷积核的个数，观察内存图。去掉 `hybridize()`，比较两张计算图。
# 把第二个卷积的核改成 3，如果出现错误信息，读一读它。
