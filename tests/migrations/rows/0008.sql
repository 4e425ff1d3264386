INSERT INTO dataset VALUES (1, 'toy', '["food", "kitchen"]', '{}', '{}', '[]', 'd1', 1.0);
INSERT INTO item VALUES (0, 0, 2, 'x', 'Tea', 'a', '', '1', '["Hot"]', 'black');
INSERT INTO item VALUES (1, 1, 1, 'x', 'Pot', '', '', '', '[]', '');
INSERT INTO user VALUES (0, '0001', 2, 1);
INSERT INTO interaction VALUES (0, 0, 0, 10, 0), (0, 1, 1, 11, 1), (0, 2, 0, 12, 2);
INSERT INTO setting VALUES ('noise_filter.top_k', '5');
INSERT INTO latest VALUES ('drafts', 'ffff');
INSERT INTO artifact VALUES ('aaaa', 'embed', 'EmbedItems', '{}', '[]', 'arrays/aaaa', 'c', 1, 0.5, 1.0, 2);
INSERT INTO call VALUES
    (1, 'k', 'generate', 'answered', 'generate', 0, '0001', 1, 0, 'openai', 'm', 'm-1', 10, 4, 5, 0.01,
     1.5, 1.0, '', 'other:7', 0, '[]', '{}', 'yes', '', '{"id": "1"}');
INSERT INTO drafts VALUES (1, 'ffff', 1.0);
INSERT INTO generated
    (id, drafts, row, user, target, call, inserted, title)
    VALUES (1, 1, 0, 0, 1, 1, 0, 'Pan');
INSERT INTO generated_text VALUES (1, '', '', '', '[]', '');
INSERT INTO batch VALUES (1, 1.0, 'test', '', NULL);
INSERT INTO decision VALUES (1, 1, 1, 'accept', 'accepted', NULL, NULL, NULL);
INSERT INTO profile VALUES (1, 'pppp', 0, '[]', '[]', 'r', 'a');
INSERT INTO run VALUES (1, 'LLM-EDT', 'done', 1.0, 2.0, 'evaluate', 'i', '[42]', '{}', 'cpu', 1, '0.1', '', '', '');
INSERT INTO run_stage VALUES (1, 'aaaa', 0, NULL, 'embed', 'EmbedItems', 'done', 0.5);
INSERT INTO metric VALUES (1, 42, 'test', 'all', 'full.ndcg@10', 0.1);
INSERT INTO event VALUES (1, 1, 1.0, 'Noted', '{}');
INSERT INTO embedding_memory VALUES ('k', x'0000803f');
INSERT INTO call_batch VALUES
    (1, 'b7', 'api.openai.com', 'ended', 'file-1', 'batch-1', 1, 1, 1.0, 2.0, 'completed');
INSERT INTO batched_call VALUES (1, 1);
INSERT INTO rescored VALUES (1, 't1', 'jjjj', 0.5, NULL, 1, 0, 0.9, 1, 1.0);
