//! A map whose keys and values lie in the order of its keys, each in a row.
//!
//! Invariant: keys rise strictly, and a value stands where its key does. Who walks over values touches nothing but them, and
//! a place that was found holds until a key comes or goes. Coming and going takes time in proportion to how many there are:
//! they are to do so seldom.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Bound;

/// Keys, and a value for each.
#[derive(Clone, Debug)]
pub struct Sorted<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

// === impl Sorted ===

impl<K: Ord, V> Sorted<K, V> {
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where a key stands.
    pub fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.search(key).ok()
    }

    /// The same of a key of which it is known whether others come before or after it.
    #[inline]
    pub fn find_by(&self, order: impl FnMut(&K) -> Ordering) -> Option<usize> {
        self.keys.binary_search_by(order).ok()
    }

    /// Where it stands, or would stand.
    fn search<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.keys.binary_search_by(|known| known.borrow().cmp(key))
    }

    /// The value at a place.
    pub fn at(&self, place: usize) -> Option<&V> {
        self.values.get(place)
    }

    pub fn at_mut(&mut self, place: usize) -> Option<&mut V> {
        self.values.get_mut(place)
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.at(self.find(key)?)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key)?;
        self.at_mut(place)
    }

    /// The value of a key, a new one if it has none yet.
    pub fn get_or_default(&mut self, key: &K) -> &mut V
    where
        K: Clone,
        V: Default,
    {
        let place = self.search(key).unwrap_or_else(|place| {
            self.keys.insert(place, key.clone());
            self.values.insert(place, V::default());
            place
        });
        &mut self.values[place]
    }

    /// Puts a value in the place of the one there is, if there is one.
    pub fn insert(&mut self, key: K, value: V) {
        match self.search(&key) {
            Ok(place) => self.values[place] = value,
            Err(place) => {
                self.keys.insert(place, key);
                self.values.insert(place, value);
            }
        }
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key)?;
        self.keys.remove(place);
        Some(self.values.remove(place))
    }

    /// Keeps those of which that is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&mut V) -> bool) {
        let kept: Vec<bool> = self.values.iter_mut().map(&mut keeps).collect();
        let (mut of_keys, mut of_values) = (kept.iter(), kept.iter());
        self.keys.retain(|_| of_keys.next() == Some(&true));
        self.values.retain(|_| of_values.next() == Some(&true));
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.keys.iter().zip(&self.values)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.iter_mut()
    }

    /// Those from a key on.
    pub fn from<Q: Ord + ?Sized>(&self, from: Bound<&Q>) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        let start = match from {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.search(key).unwrap_or_else(|place| place),
            Bound::Excluded(key) => self.search(key).map_or_else(|place| place, |place| place + 1),
        };
        self.keys[start..].iter().zip(&self.values[start..])
    }
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Sorted<K, V> {
        Sorted { keys: Vec::new(), values: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Happening {
        Insert(u8, u8),
        Default(u8),
        Remove(u8),
        Retain(u8),
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => any::<(u8, u8)>().prop_map(|(key, value)| Happening::Insert(key % 32, value)),
            1 => any::<u8>().prop_map(|key| Happening::Default(key % 32)),
            2 => any::<u8>().prop_map(|key| Happening::Remove(key % 32)),
            1 => any::<u8>().prop_map(Happening::Retain),
        ]
    }

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds(happenings in prop::collection::vec(happening(), 0..60)) {
            let (mut sorted, mut tree) = (Sorted::default(), BTreeMap::new());
            for happening in happenings {
                match happening {
                    Happening::Insert(key, value) => {
                        sorted.insert(key, value);
                        tree.insert(key, value);
                    }
                    Happening::Default(key) => prop_assert_eq!(sorted.get_or_default(&key), tree.entry(key).or_default()),
                    Happening::Remove(key) => prop_assert_eq!(sorted.remove(&key), tree.remove(&key)),
                    Happening::Retain(least) => {
                        sorted.retain(|value| *value >= least);
                        tree.retain(|_, value| *value >= least);
                    }
                }
                prop_assert!(sorted.iter().eq(tree.iter()));
                prop_assert_eq!((sorted.len(), sorted.is_empty()), (tree.len(), tree.is_empty()));
                for key in 0..33_u8 {
                    prop_assert_eq!(sorted.get(&key), tree.get(&key));
                    prop_assert_eq!(sorted.find(&key).and_then(|place| sorted.at(place)), tree.get(&key));
                    prop_assert_eq!(sorted.find_by(|known| known.cmp(&key)), sorted.find(&key));
                    for from in [Bound::Included(&key), Bound::Excluded(&key), Bound::Unbounded] {
                        prop_assert!(sorted.from(from).eq(tree.range((from, Bound::Unbounded))));
                    }
                }
            }
        }
    }
}
