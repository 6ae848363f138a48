from assessment.domain.postedit import postedit_flow
from assessment.domain.qrels import read_qrels


def test_the_flow_counts_what_was_kept_lowered_and_raised():
    flow = postedit_flow({(2, 2): 5, (2, 0): 3, (1, 2): 1, (3, 1): 1}, [3, 0, 1, 2])
    assert (flow.n, flow.kept, flow.lowered, flow.raised) == (10, 5, 4, 1)
    assert flow.matrix.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [3, 0, 5, 0], [0, 1, 0, 0]]
    assert flow.as_dict()["lowered_share"] == 0.4
    assert flow.finals == [3, 1, 6, 0]


def test_a_grade_is_compared_by_its_value_where_a_scale_has_gaps_or_a_label_is_outside_of_it():
    flow = postedit_flow({(4, 3): 2, (0, 1): 1, (3, 3): 1}, [0, 1, 3])
    assert (flow.shown, flow.grades) == ([0, 1, 3, 4], [0, 1, 3])
    assert (flow.kept, flow.lowered, flow.raised) == (1, 2, 1)


def test_without_a_shown_label_the_shares_are_undefined():
    found = postedit_flow({}, range(2)).as_dict()
    assert (found["n"], found["kept_share"], found["raised_share"]) == (0, None, None)
    assert found["matrix"] == [[0, 0], [0, 0]]


def test_the_published_flow_of_trec_2024(real_data):
    path = real_data / "rag24" / "2024-retrieval-conditions-qrels.txt.gz"
    counts = {}
    for line in read_qrels(path, path.name, scale=range(4)).lines:
        if int(line.iteration) > 2:
            label = int(line.iteration) - 2
            counts[label, line.grade] = counts.get((label, line.grade), 0) + 1
    flow = postedit_flow(counts, range(4))
    shares = [round(100 * flow.share(count), 1) for count in (flow.kept, flow.lowered, flow.raised)]
    assert (flow.n, shares, flow.finals) == (5890, [56.1, 33.5, 10.4], [1427, 2381, 1515, 567])
