//! A map as a sorted list. What a page keeps is little, or grows at its end; for that the standard library's maps cost the
//! browser several times the code, for each type anew.

/// Values by their keys, in the keys' order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

/// Keys alone.
pub type SortedSet<K> = Map<K, ()>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Where a key stands, or where it would stand.
    fn find(&self, key: &K) -> Result<usize, usize> {
        match self.0.last() {
            // Ids grow.
            Some((last, _)) if last < key => Err(self.0.len()),
            Some(_) | None => self.0.binary_search_by(|(known, _)| known.cmp(key)),
        }
    }

    /// The place of a key among all keys.
    pub fn place(&self, key: &K) -> Option<usize> {
        self.find(key).ok()
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// What stands under a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let (_, value) = self.0.get(self.place(key)?)?;
        Some(value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        let (_, value) = self.0.get_mut(place)?;
        Some(value)
    }

    /// Puts something under a key; what stood there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// Takes a key away, with what stands under it.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key)?;
        Some(self.0.remove(place).1)
    }
}

impl<K, V> Map<K, V> {
    /// Keeps some only.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl<K: Ord> SortedSet<K> {
    /// Puts a key in; false where it was there.
    pub fn add(&mut self, key: K) -> bool {
        self.insert(key, ()).is_none()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut map = Self::default();
        for (key, value) in all {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_put_in_once() {
        let mut set = SortedSet::default();
        assert!(set.add(2));
        assert!(set.add(1));
        assert!(!set.add(2));
        assert_eq!(set.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(set.place(&2), Some(1));
    }

    proptest! {
        #[test]
        fn it_does_what_the_standard_map_does(steps in proptest::collection::vec((0_u8..3, 0_u8..20, any::<u8>()), 0..100)) {
            let (mut ours, mut standard) = (Map::default(), BTreeMap::new());
            for (deed, key, value) in steps {
                match deed {
                    0 => prop_assert_eq!(ours.insert(key, value), standard.insert(key, value)),
                    1 => prop_assert_eq!(ours.remove(&key), standard.remove(&key)),
                    _ => {
                        ours.retain(|known, _| known % 7 != key % 7);
                        standard.retain(|known, _| known % 7 != key % 7);
                    }
                }
                prop_assert_eq!(ours.get(&key), standard.get(&key));
                prop_assert_eq!(ours.len(), standard.len());
            }
            let all: Vec<_> = standard.into_iter().collect();
            prop_assert_eq!(ours.iter().copied().collect::<Vec<_>>(), all);
        }
    }
}
