"""Methods that learn from labels of single modalities beside those of the whole clip, as CH-SIMS has them.

Yu, Xu, Meng, Zhu, Ma, Wu, Zou and Yang, "CH-SIMS: A Chinese Multimodal Sentiment Analysis Dataset with Fine-grained
Annotation of Modality", ACL 2020, DOI 10.18653/v1/2020.acl-main.343. Each is a method of late fusion with a head of its
own on the vector of every modality that has labels. Read ``unimodal_heads.py`` first.
"""
